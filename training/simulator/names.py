"""Names of people who do not exist, by the naming customs of their country."""

from training.simulator.columns import Texts, texts

# Somali names are given name, father's, grandfather's: the "surname" of a child is not that of its mother.
SOMALI = (
    "WARSAME ABDI HASSAN MOHAMED FARAH ALI OSMAN JAMA YUSUF HUSSEIN AHMED ISSE NUR ADEN IBRAHIM MUSE".split(),
    "AMINA HALIMA FADUMO ASHA HODAN SAHRA KHADRA NASRA ABDULLAHI BASHIR ISMAIL LIBAN GULED KHALID MAHAD OMAR".split(),
)
KENYAN = (
    "OTIENO WANJIKU KAMAU MUTUA KIPTOO ACHIENG MWANGI CHEBET NJOROGE OUMA KARIUKI WAMBUI KILONZO BARASA".split(),
    "GRACE PETER FAITH JOHN MERCY DAVID ESTHER BRIAN JOYCE KEVIN AGNES SAMUEL LUCY DENNIS ALICE JAMES".split(),
)
ETHIOPIAN = (
    "TESFAYE BEKELE ABEBE GIRMA TADESSE HAILE KEBEDE ALEMU DESTA WOLDE MENGISTU NEGASH ASSEFA MULUGETA".split(),
    "SELAM DAWIT HIWOT YONAS MERON SAMUEL TIGIST ABEL RAHEL NATNAEL BETHLEHEM ELIAS MAKEDA HENOK".split(),
)
EUROPEAN = (
    "SMITH JONES MUELLER JANSEN ANDERSSON MARTIN BROWN WILSON SCHMIDT DE VRIES JOHANSSON ROSSI TAYLOR BERNARD".split(),
    "EMMA JAMES ANNA THOMAS SOPHIE DANIEL LAURA MARK JULIA PAUL CLARA OLIVER MARIE ERIK".split(),
)
ASIAN = (
    "PATEL SHARMA KHAN WANG LI ZHANG SINGH AL MAKTOUM YILMAZ KAYA HUSSAIN CHEN GUPTA LIU".split(),
    "PRIYA RAJESH FATIMA WEI MING ANITA IMRAN YUSUF LEILA HASSAN MEERA JUN AYSE MEHMET".split(),
)
AFRICAN = (
    "OKELLO NAKATO MUGISHA UWIMANA NDLOVU ADEYEMI MWAMBA JUMA KABILA NKOSI MBEKI SALUM DENG GARANG".split(),
    "SARAH MOSES CLAUDINE THABO NGOZI JOSEPH ZAINAB ERIC MARY PATRICK AISHA CHARLES REBECCA DANIEL".split(),
)
CUSTOMS = {
    **dict.fromkeys(("SOM", "DJI"), SOMALI),
    **dict.fromkeys(("KEN",), KENYAN),
    **dict.fromkeys(("ETH", "ERI"), ETHIOPIAN),
    **dict.fromkeys(("IND", "CHN", "ARE", "TUR", "PAK", "YEM"), ASIAN),
    **dict.fromkeys(("UGA", "TZA", "ZAF", "RWA", "COD", "NGA", "SSD", "SDN"), AFRICAN),
}
"""Surnames and given names by nationality; European ones where none are listed."""


def name_lists(nationalities: Texts) -> tuple[list[Texts], list[Texts]]:
    """List the surnames and the given names of each nationality, in its order."""
    customs = [CUSTOMS.get(code, EUROPEAN) for code in nationalities]
    return [texts(surnames) for surnames, _ in customs], [texts(given) for _, given in customs]
