"""Countries by region (UN M49), wide enough that a cell of a fairness audit names nobody."""

_COUNTRIES = {
    "Eastern Africa": "BDI COM DJI ERI ETH KEN MDG MOZ MUS MWI MYT REU RWA SDN SOM SSD SYC TZA UGA ZMB ZWE IOT ATF",
    "Western Africa": "BEN BFA CIV CPV GHA GIN GMB GNB LBR MLI MRT NER NGA SEN SHN SLE TGO",
    "Middle and Southern Africa": "AGO BWA CAF CMR COD COG GAB GNQ LSO NAM STP SWZ TCD ZAF",
    "Northern Africa": "DZA EGY ESH LBY MAR TUN",
    "Western Asia": "ARE ARM AZE BHR CYP GEO IRQ ISR JOR KWT LBN OMN PSE QAT SAU SYR TUR YEM",
    "Southern and Central Asia": "AFG BGD BTN IND IRN KAZ KGZ LKA MDV NPL PAK TJK TKM UZB",
    "Eastern and South-eastern Asia": "BRN CHN HKG IDN JPN KHM KOR LAO MAC MMR MNG MYS PHL PRK SGP THA TLS TWN VNM",
    "Europe": "ALA ALB AND AUT BEL BGR BIH BLR CHE CZE DEU DNK ESP EST FIN FRA FRO GBR GGY GIB GRC HRV HUN IMN IRL ISL"
    " ITA JEY LIE LTU LUX LVA MCO MDA MKD MLT MNE NLD NOR POL PRT ROU RUS SJM SMR SRB SVK SVN SWE UKR VAT XKX RKS",
    "Americas": "ABW AIA ARG ATG BES BHS BLM BLZ BMU BOL BRA BRB CAN CHL COL CRI CUB CUW CYM DMA DOM ECU FLK GLP GRD"
    " GRL GTM GUF GUY HND HTI JAM KNA LCA MAF MEX MSR MTQ NIC PAN PER PRI PRY SLV SPM SUR SXM TCA TTO URY USA VCT VEN"
    " VGB VIR",
    "Oceania": "ASM AUS CCK COK CXR FJI FSM GUM KIR MHL MNP NCL NFK NIU NRU NZL PCN PLW PNG PYF SLB TKL TON TUV UMI VUT"
    " WLF WSM",
    "Stateless or refugee": "XXA XXB XXC",
}

REGION_BY_COUNTRY = {code: region for region, codes in _COUNTRIES.items() for code in codes.split()}
"""ISO 3166-1 alpha-3, with the codes of ICAO Doc 9303 part 3 for stateless persons (XXA) and refugees (XXB, XXC)."""

OTHER_REGION = "Other"
"""Organisations and codes that no list holds."""


def region_of(country: str | None) -> str | None:
    """Name the region of a country.

    >>> region_of("KEN"), region_of("UNO"), region_of(None)
    ('Eastern Africa', 'Other', None)
    """
    return None if country is None else REGION_BY_COUNTRY.get(country, OTHER_REGION)
