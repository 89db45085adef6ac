"""The ICAO type designators of the FAA's register, which knows makes and models only.

A model gets a designator where two ways of telling it do not contradict each other, and none everywhere else:

- **seen**: the table of Virtual Radar Server, which has designators, holds at least 3 airframes of this make and model,
  and one designator for at least 95 % of them (the rest are slips);
- **named**: the model is called as exactly one designator of this manufacturer with this kind and number of engines,
  and of the airframes in both tables at most 5 % have another one. Called alike: `PA-28-140` and "PA-28-140 Cherokee";
  Boeing's `737-823` and "737-800" (the last two characters are the first customer's code); Airbus's `A320-232` and
  "A-320" (the digits are the engine); Cessna's `172M` and "172 Skyhawk" (the letter is the year; piston engines only).
"""

import polars as pl

MODEL = ("make", "model", "aircraftType", "engineType")

_AGREEMENT = 0.95
_SAMPLE = 3
_ENGINES = {
    "reciprocating": "P",
    "fourCycle": "P",
    "twoCycle": "P",
    "turboProp": "T",
    "turboShaft": "T",
    "turboFan": "J",
    "turboJet": "J",
    "electric": "E",
}
_VARIANTS = (
    ("BOEING", r"^(7[0-9]7-[0-9])[0-9A-Z]{2}([A-Z]*)$", "${1}00${2}"),
    ("BOEING", r"^(737-9)[0-9A-Z]{2}ER$", "${1}00"),
    ("AIRBUS", r"^(A3(?:18|19|20|21))-[0-9]{3}$", "${1}"),
    ("CESSNA", r"^([0-9]{3})[A-Z]$", "${1}"),
)
_MAKERS = {"TEXTRON": "CESSNA"}


def designators(register: pl.DataFrame, known: pl.DataFrame, types: pl.DataFrame) -> pl.DataFrame:
    """MODEL → `typecode`, a row for each model that has one.

    `register`: icaoHex and MODEL (FAA); `known`: ICAO, ModelICAO (Virtual Radar Server); `types`: ICAO, Manufacturer,
    Model, Engines, EngineTypeCode, SpeciesCode.
    """
    samples = _samples(register, known)
    agreed = pl.col("share") >= _AGREEMENT
    seen = samples.filter(agreed & (pl.col("size") >= _SAMPLE)).select(*MODEL, "typecode")
    named = _named(register.select(MODEL).unique(), types)
    sampled = samples.select(*MODEL, "share", sample="typecode")
    pairs = named.join(sampled, on=MODEL, how="left", nulls_equal=True)
    uncontradicted = pl.col("sample").is_null() | (agreed & (pl.col("sample") == pl.col("typecode")))
    found = pl.concat([seen, pairs.filter(uncontradicted).select(*MODEL, "typecode")])
    return found.unique(MODEL, keep="first", maintain_order=True)


def _samples(register: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Of each model with airframes in both tables: the designator most of them have, its share, how many they are."""
    both = register.join(known, left_on="icaoHex", right_on="ICAO").group_by(*MODEL, typecode="ModelICAO").len("count")
    return (
        both.sort(pl.col("count"), pl.col("typecode"), descending=[True, False])
        .group_by(MODEL)
        .agg(pl.col("typecode").first(), share=pl.col("count").first() / pl.col("count").sum(), size=pl.sum("count"))
    )


def _named(models: pl.DataFrame, types: pl.DataFrame) -> pl.DataFrame:
    """The designators that bear the names of these models, where it is one a model. A whole name counts first."""
    pairs = _names_of_models(models).join(_names_of_types(types), on=["maker", "name", "engine", "rotor", "single"])
    best = pairs.filter(pl.col("whole") == pl.col("whole").max().over(MODEL))
    each = best.group_by(MODEL).agg(pl.col("typecode").unique())
    return each.filter(pl.col("typecode").list.len() == 1).with_columns(pl.col("typecode").list.first())


def _names_of_models(models: pl.DataFrame) -> pl.DataFrame:
    maker = _maker("make").replace(_MAKERS)
    rotor = pl.col("aircraftType").is_in(["rotorcraft", "gyroplane"])
    known = models.with_columns(
        maker=maker,
        name=pl.col("model"),
        engine=pl.col("engineType").replace_strict(_ENGINES, default=None, return_dtype=pl.String),
        rotor=rotor,
        single=~rotor & (pl.col("aircraftType") == "fixedWingSingleEngine"),
    )
    variants = [
        known.filter((pl.col("maker") == make) & ((make != "CESSNA") | (pl.col("engine") == "P"))).with_columns(
            pl.col("name").str.extract(pattern, 0).str.replace(pattern, base)
        )
        for make, pattern, base in _VARIANTS
    ]
    return pl.concat([known, *variants]).drop_nulls("name").with_columns(_plain("name"))


def _names_of_types(types: pl.DataFrame) -> pl.DataFrame:
    rotor = pl.col("SpeciesCode").is_in(["H", "G"])
    known = types.select(
        whole=pl.lit(value=True),
        typecode="ICAO",
        maker=_maker("Manufacturer"),
        name="Model",
        engine="EngineTypeCode",
        rotor=rotor,
        single=~rotor & (pl.col("Engines") == "1"),
    )
    short = known.with_columns(pl.col("name").str.extract(r"^(\S*[0-9]\S*) "), whole=pl.lit(value=False))
    return pl.concat([known, short]).drop_nulls(["name", "maker"]).with_columns(_plain("name"))


def _maker(column: str) -> pl.Expr:
    return pl.col(column).str.to_uppercase().str.extract(r"^([A-Z]+)")


def _plain(column: str) -> pl.Expr:
    return pl.col(column).str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
