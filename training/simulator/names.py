"""Names of people who do not exist, by the naming customs of their country."""

from dataclasses import dataclass

import numpy as np

from training.simulator.columns import Flags, Texts, texts


@dataclass(frozen=True)
class Custom:
    """How the people of a region are named; names stand in one line, parted by blanks."""

    surnames: str
    women: str
    men: str
    families_share: bool = True
    """Whether the members of a family share a surname."""


# Somali and Ethiopian names are given, father's, grandfather's: a mother's surname is not her child's.
SOMALI = Custom(
    "WARSAME ABDI HASSAN MOHAMED FARAH ALI OSMAN JAMA YUSUF HUSSEIN AHMED ISSE NUR ADEN IBRAHIM MUSE",
    "AMINA HALIMA FADUMO ASHA HODAN SAHRA KHADRA NASRA IFRAH SAGAL",
    "ABDULLAHI BASHIR ISMAIL LIBAN GULED KHALID MAHAD OMAR ABDIRAHMAN SAID",
    families_share=False,
)
ETHIOPIAN = Custom(
    "TESFAYE BEKELE ABEBE GIRMA TADESSE HAILE KEBEDE ALEMU DESTA WOLDE MENGISTU NEGASH ASSEFA MULUGETA",
    "SELAM HIWOT MERON TIGIST RAHEL BETHLEHEM MAKEDA SENAIT",
    "DAWIT YONAS SAMUEL ABEL NATNAEL ELIAS HENOK BEREKET",
    families_share=False,
)
KENYAN = Custom(
    "OTIENO WANJIKU KAMAU MUTUA KIPTOO ACHIENG MWANGI CHEBET NJOROGE OUMA KARIUKI WAMBUI KILONZO BARASA",
    "GRACE FAITH MERCY ESTHER JOYCE AGNES LUCY ALICE",
    "PETER JOHN DAVID BRIAN KEVIN SAMUEL DENNIS JAMES",
)
EUROPEAN = Custom(
    "SMITH JONES MUELLER JANSEN ANDERSSON MARTIN BROWN WILSON SCHMIDT VISSER JOHANSSON ROSSI TAYLOR BERNARD",
    "EMMA ANNA SOPHIE LAURA JULIA CLARA MARIE HELEN",
    "JAMES THOMAS DANIEL MARK PAUL OLIVER ERIK LUCA",
)
SOUTH_ASIAN = Custom(
    "PATEL SHARMA KHAN SINGH HUSSAIN GUPTA REDDY SHAH MALIK NAIR",
    "PRIYA FATIMA ANITA MEERA AYESHA SUNITA",
    "RAJESH IMRAN VIKRAM ARJUN BILAL SANJAY",
)
CHINESE = Custom("WANG LI ZHANG LIU CHEN YANG ZHAO HUANG", "MEI FANG LAN YING XIU", "WEI MING JUN LEI TAO")
MIDDLE_EASTERN = Custom(
    "YILMAZ KAYA DEMIR ALMANSOORI ALSHAMSI SALEH NASSER QASIM",
    "LEILA AYSE MARYAM NOURA ZEYNEP HANAN",
    "MEHMET HASSAN SULTAN YUSUF EMRE TARIQ",
)
AFRICAN = Custom(
    "OKELLO MUGISHA UWIMANA NDLOVU ADEYEMI MWAMBA JUMA KABILA NKOSI SALUM DENG GARANG",
    "SARAH CLAUDINE NGOZI ZAINAB MARY AISHA REBECCA NAKATO",
    "MOSES THABO JOSEPH ERIC PATRICK CHARLES DANIEL SALVA",
)
CUSTOMS = {
    **dict.fromkeys(("SOM", "DJI"), SOMALI),
    **dict.fromkeys(("ETH", "ERI"), ETHIOPIAN),
    "KEN": KENYAN,
    **dict.fromkeys(("IND", "PAK"), SOUTH_ASIAN),
    "CHN": CHINESE,
    **dict.fromkeys(("ARE", "TUR", "YEM"), MIDDLE_EASTERN),
    **dict.fromkeys(("UGA", "TZA", "ZAF", "RWA", "COD", "NGA", "SSD", "SDN"), AFRICAN),
}
"""Customs by nationality; European ones where none are listed."""


def _customs(nationalities: Texts) -> list[Custom]:
    return [CUSTOMS.get(code, EUROPEAN) for code in nationalities]


def surname_lists(nationalities: Texts) -> list[Texts]:
    """List the surnames of each nationality, in its order."""
    return [texts(custom.surnames.split()) for custom in _customs(nationalities)]


def given_name_lists(nationalities: Texts) -> list[Texts]:
    """List the given names of women of each nationality, then those of men."""
    customs = _customs(nationalities)
    return [texts(custom.women.split()) for custom in customs] + [texts(custom.men.split()) for custom in customs]


def shares_surname(nationalities: Texts) -> Flags:
    """Whether families of each nationality share a surname."""
    return np.array([custom.families_share for custom in _customs(nationalities)])
