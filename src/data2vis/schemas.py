"""Synthetic tables: realistic schemas, names, distributions and shapes.

A domain is a list of columns, each `name: kind parameters`; a table takes some of them and one of
four shapes: records (rows as they come), a series (one row a date), a panel (one row a date and
group) or a summary (one row a group).
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Values = npt.NDArray[Any]

# Kinds: cat (its values, or how many), bool, id, name, code, place; count (mean), money (median),
# real (mean, deviation), signed (deviation), share, rating (top), size (median), year.
DOMAINS: Final[Mapping[str, tuple[str, ...]]] = {
    "retail sales": (
        "region: cat North|South|East|West", "store: cat 14", "product line: cat 9", "customer: name",
        "segment: cat Consumer|Corporate|Home Office", "units: count 6", "unit price: money 35",
        "revenue: money 220", "discount: share", "profit: signed 60", "order id: id",
        "payment: cat Cash|Card|Invoice", "returned: bool", "shipping days: count 4",
    ),
    "human resources": (
        "department: cat Sales|IT|Finance|HR|Legal|Support", "job title: cat 18", "employee: name",
        "gender: cat F|M|X", "age: real 41 11", "salary: money 52000", "bonus: money 2400",
        "years of service: count 7", "rating: rating 5", "remote: bool", "office: place",
        "education: cat School|Bachelor|Master|Doctorate", "overtime hours: count 12",
        "absence: share",
    ),
    "weather stations": (
        "station: place", "temperature: signed 9", "humidity: share", "wind speed: size 4",
        "pressure: real 1013 8", "precipitation: size 1.5", "condition: cat sun|rain|snow|fog|drizzle",
        "cloud cover: rating 8", "visibility: real 14 5", "dew point: signed 7",
        "wind direction: cat N|NE|E|SE|S|SW|W|NW", "uv index: rating 11",
    ),
    "hospital": (
        "patient id: id", "sex: cat female|male", "age: real 55 18", "ward: cat 11",
        "diagnosis: cat 28", "length of stay: count 5", "blood pressure: real 128 17",
        "heart rate: real 74 11", "bmi: real 27 5", "smoker: bool", "cost: money 3100",
        "outcome: cat recovered|improved|unchanged|died", "severity: rating 4",
        "insurance: cat public|private|none", "readmitted: bool", "cholesterol: real 5.2 1",
    ),
    "real estate": (
        "neighbourhood: place", "price: money 340000", "area: real 105 35", "rooms: rating 7",
        "bathrooms: rating 4", "built: year", "type: cat House|Flat|Studio|Loft", "garage: bool",
        "distance to centre: size 6", "lot size: size 600", "condition: rating 5", "agent: name",
        "days on market: count 35", "energy class: cat A|B|C|D|E|F|G",
    ),
    "students": (
        "student: name", "gender: cat female|male", "grade: rating 12", "math score: real 66 15",
        "reading score: real 69 14", "writing score: real 68 15", "school: cat 16",
        "lunch: cat standard|reduced", "parental education: cat 6", "absences: count 5",
        "study hours: size 6", "passed: bool", "test preparation: cat none|completed",
        "class size: count 24",
    ),
    "flights": (
        "carrier: cat 10", "origin: place", "destination: place", "departure delay: signed 20",
        "arrival delay: signed 24", "distance: size 900", "air time: size 120", "seats: count 160",
        "cancelled: bool", "cause: cat weather|carrier|security|late aircraft", "flight: code",
        "load factor: share", "fare: money 180", "aircraft: cat 15",
    ),
    "energy": (
        "plant: cat 24", "fuel: cat Coal|Gas|Nuclear|Wind|Solar|Hydro", "capacity: size 400",
        "generation: size 1200", "emissions: size 300", "efficiency: share", "country: place",
        "commissioned: year", "owner: cat 12", "price: real 62 20", "demand: size 900",
        "imports: signed 80", "status: cat operating|standby|retired",
    ),
    "football": (
        "team: cat 20", "player: name", "position: cat Goalkeeper|Defender|Midfielder|Forward",
        "goals: count 4", "assists: count 3", "minutes: count 900", "shots: count 22", "cards: count 2",
        "market value: money 4000000", "age: real 26 4", "nationality: place", "height: real 182 7",
        "rating: real 6.8 0.5", "pass accuracy: share", "foot: cat left|right|both",
    ),
    "web analytics": (
        "channel: cat Organic|Paid|Social|Email|Referral|Direct", "page: cat 40",
        "device: cat desktop|mobile|tablet", "visits: count 320", "bounce rate: share",
        "duration: size 95", "conversions: count 9", "revenue: money 430", "browser: cat 7",
        "country: place", "new user: bool", "clicks: count 48", "cost: money 120", "campaign: cat 17",
    ),
    "agriculture": (
        "crop: cat wheat|barley|maize|rye|oats|potato", "variety: cat 15", "site: cat 8",
        "yield: real 34 9", "rainfall: size 540", "fertiliser: size 120", "soil: cat clay|loam|sand",
        "acidity: real 6.4 0.6", "plot: id", "irrigated: bool", "hectares: size 12", "pests: rating 5",
        "harvest: year", "price: money 180",
    ),
    "used cars": (
        "model: code", "maker: cat 22", "origin: cat USA|Europe|Japan", "cylinders: rating 8",
        "horsepower: real 118 38", "weight: real 2950 700", "mileage: real 23 7",
        "acceleration: real 15.4 2.7", "price: money 24000", "fuel: cat petrol|diesel|electric|hybrid",
        "doors: rating 5", "registered: year", "gearbox: cat manual|automatic", "owners: count 2",
    ),
    "finance": (
        "symbol: cat 8", "sector: cat Energy|Health|Technology|Utilities|Materials", "open: money 85",
        "close: money 86", "high: money 88", "low: money 83", "volume: count 52000",
        "return: signed 0.02", "market cap: money 900000000", "dividend: share", "beta: real 1.1 0.3",
        "rating: cat AAA|AA|A|BBB|BB", "earnings: signed 3", "exchange: cat 4",
    ),
    "survey": (
        "respondent: id", "age group: cat 18-24|25-34|35-44|45-54|55-64|65+", "gender: cat f|m|other",
        "satisfaction: rating 5", "recommend: rating 10", "income: money 34000", "region: cat 9",
        "answer: cat strongly agree|agree|neutral|disagree|strongly disagree", "children: count 1",
        "owns home: bool", "weight: real 1 0.2", "interviewer: name", "duration: size 14",
        "party: cat 6", "trust: rating 7",
    ),
    "ecology": (
        "species: cat 12", "island: cat Biscoe|Dream|Torgersen", "sex: cat female|male",
        "body mass: real 4200 800", "wing length: real 200 14", "bill length: real 44 5",
        "clutch size: rating 4", "nest: id", "habitat: cat forest|wetland|meadow|urban",
        "abundance: count 15", "depth: size 30", "protected: bool", "observer: name",
        "temperature: real 14 5", "latitude: real 47 3", "longitude: real 8 4",
    ),
    "public budget": (
        "ministry: cat 13", "programme: cat 36", "budget: money 4500000", "spent: money 4100000",
        "staff: count 220", "fiscal: year", "level: cat federal|state|local", "approved: bool",
        "variance: signed 300000", "share: share", "category: cat Health|Education|Defence|Transport",
        "projects: count 9",
    ),
    "manufacturing": (
        "machine: cat 12", "line: cat A|B|C", "shift: cat early|late|night", "produced: count 480",
        "defects: count 3", "downtime: size 20", "temperature: real 71 4", "vibration: size 0.4",
        "operator: name", "batch: code", "pressure: real 5.4 0.4", "passed: bool",
        "material: cat steel|aluminium|plastic", "cycle time: real 32 3", "energy: size 55",
    ),
    "restaurants": (
        "restaurant: place", "cuisine: cat Italian|Thai|French|Mexican|Indian|Greek|Japanese",
        "stars: rating 5", "reviews: count 140", "price level: rating 4", "bill: money 48",
        "tip: money 6", "party size: rating 6", "smoker: bool", "meal: cat lunch|dinner",
        "weekday: cat Thu|Fri|Sat|Sun", "waiting time: size 12", "city: cat 10", "delivery: bool",
    ),
    "films": (
        "title: name", "genre: cat Drama|Comedy|Action|Horror|Documentary|Romance", "director: name",
        "budget: money 22000000", "gross: money 41000000", "running time: real 108 18",
        "critics score: real 61 18", "votes: count 21000", "studio: cat 11", "released: year",
        "age rating: cat G|PG|PG-13|R", "sequel: bool", "language: cat 9", "screens: count 1800",
    ),
    "transport": (
        "line: cat 16", "stop: place", "mode: cat bus|tram|metro|train", "passengers: count 260",
        "delay: signed 4", "occupancy: share", "direction: cat inbound|outbound", "vehicle: code",
        "speed: real 31 9", "fare: money 2.6", "zone: rating 6", "accessible: bool", "trips: count 44",
    ),
    # From here on: for validation and test only, see `data2vis.corpus`.
    "crime": (
        "district: cat 9", "offence: cat Theft|Fraud|Assault|Burglary|Vandalism", "incidents: count 25",
        "rate: size 4", "solved: bool", "victim age: real 37 15", "weapon: cat none|knife|gun|other",
        "reported: id", "officer: name", "damage: money 800", "clearance: share", "suspects: count 1",
    ),
    "software": (
        "repository: code", "language: cat Python|C++|Rust|Go|Java", "stars: count 800",
        "forks: count 90", "issues: count 35", "licence: cat MIT|Apache|GPL|BSD", "author: name",
        "commits: count 420", "coverage: share", "build time: size 240", "archived: bool",
        "score: rating 10", "downloads: count 12000", "change: signed 40",
    ),
    "health by country": (
        "country: place", "continent: cat Africa|Americas|Asia|Europe|Oceania",
        "life expectancy: real 71 7", "fertility: real 2.6 1.1", "population: count 9000000",
        "income: money 9000", "infant mortality: size 22", "literacy: share", "doctors: size 1.9",
        "income group: cat low|middle|high", "growth: signed 1.6", "landlocked: bool", "rank: id",
    ),
    "earthquakes": (
        "place: place", "magnitude: real 4.6 0.8", "depth: size 34", "latitude: signed 32",
        "longitude: signed 90", "felt: count 14", "alert: cat green|yellow|orange|red",
        "network: cat 7", "event: code", "tsunami: bool", "stations: count 40", "gap: real 110 50",
        "intensity: rating 9", "error: share",
    ),
    "music": (
        "track: name", "artist: name", "genre: cat Pop|Rock|Jazz|Classical|Folk|Metal", "tempo: real 119 27",
        "loudness: signed 8", "danceability: share", "energy: share", "plays: count 52000",
        "album: code", "key: cat C|D|E|F|G|A|B", "explicit: bool", "duration: real 214 52",
        "popularity: rating 10", "label: cat 19", "released: year",
    ),
    "water quality": (
        "river: cat 11", "site: code", "oxygen: real 8.9 1.6", "nitrate: size 3.1", "phosphate: size 0.2",
        "acidity: real 7.6 0.4", "turbidity: size 6", "temperature: real 12 5", "flow: size 18",
        "class: cat I|II|III|IV", "sampler: name", "exceeded: bool", "change: signed 0.8",
        "species: count 17", "season: cat spring|summer|autumn|winter",
    ),
}  # fmt: skip
HELD_OUT: Final = (
    "crime", "software", "health by country", "earthquakes", "music", "water quality",
)  # fmt: skip

_SHAPES: Final = ("records", "series", "panel", "summary")
_SHAPE_CHANCES: Final = (0.5, 0.16, 0.2, 0.14)
# How far apart dates are, and how many of them are within a century.
_FREQUENCIES: Final = {"YS": 100, "QS": 400, "MS": 1200, "W": 5000, "D": 36_500, "h": 800_000}
_FIRST: Final = "Ada Ben Cleo Dan Eve Finn Gus Hana Ida Jon Kim Leo Mia Noah Omar Pia Quinn Rosa"
_LAST: Final = "Adams Brown Chen Diaz Evans Fischer Gupta Haas Ito Jones Klein Lopez Moore Novak"
_SYLLABLES: Final = tuple(
    re.findall("..", "alanberbocordadenelfagraholinkalimarnorostpelrosatonurverwyn")
)
_STYLES: Final[tuple[Callable[[str], str], ...]] = (
    str, str.title, str.upper, str.capitalize,
    lambda name: name.replace(" ", "_"),
    lambda name: name.title().replace(" ", ""),
    lambda name: name.upper().replace(" ", "_"),
    lambda name: name.replace(" ", "."),
    lambda name: f"{name} (total)",
)  # fmt: skip


class _Spec(NamedTuple):
    name: str
    kind: str
    parameters: str


def _parse(text: str) -> _Spec:
    name, _, rest = text.partition(": ")
    kind, _, parameters = rest.partition(" ")
    return _Spec(name, kind, parameters)


def _words(random: np.random.Generator, count: int) -> Values:
    """Different made-up proper names."""
    found: dict[str, None] = {}
    while len(found) < count:
        parts = random.choice(_SYLLABLES, random.integers(2, 4))
        found["".join(parts).capitalize() + (f" {len(found)}" if len(found) > 2000 else "")] = None
    return np.array(list(found), dtype=object)


def _category(spec: _Spec, random: np.random.Generator) -> Values:
    if spec.kind == "bool":
        return np.array(["yes", "no"] if random.random() < 0.6 else ["true", "false"], object)
    if spec.kind == "place":
        return _words(random, int(random.choice([5, 12, 25, 50, 120])))
    if spec.kind == "cat" and "|" not in spec.parameters:
        return _words(random, int(spec.parameters))
    return np.array(spec.parameters.split("|"), dtype=object)


def _text(spec: _Spec, rows: int, random: np.random.Generator) -> Values:
    if spec.kind == "name":
        first, last = random.choice(_FIRST.split(), rows), random.choice(_LAST.split(), rows)
        return np.array([f"{a} {b}" for a, b in zip(first, last)], dtype=object)
    if spec.kind == "code":
        letters = random.choice(list(string.ascii_uppercase), (rows, 2))
        numbers = random.integers(10, 9999, rows)
        return np.array([f"{a}{b}-{n}" for (a, b), n in zip(letters, numbers)], dtype=object)
    values = _category(spec, random)
    weights = 1.0 / np.arange(1, len(values) + 1) ** random.choice([0.0, 0.5, 1.0])
    return random.choice(values, rows, p=weights / weights.sum())


def _number(spec: _Spec, noise: Values, random: np.random.Generator) -> Values:
    """Numbers of the kind's distribution; `noise` is standard normal, perhaps correlated."""
    numbers = [float(word) for word in spec.parameters.split()]
    if spec.kind == "signed":
        return np.round(noise * numbers[0], 3)
    if spec.kind == "real":
        return np.round(np.abs(numbers[0] + noise * numbers[1]), random.integers(0, 3))
    if spec.kind in ("money", "size"):
        values = numbers[0] * np.exp(0.7 * noise)
        return np.round(values, 0 if numbers[0] > 1000 else 2)
    if spec.kind == "count":
        return np.floor(numbers[0] * np.exp(0.5 * noise) + 0.3)
    if spec.kind == "share":
        return np.round(1 / (1 + np.exp(-noise - 0.4)), 3)
    if spec.kind == "rating":
        top = numbers[0]
        return np.clip(np.round((top + 1) / 2 + noise * top / 5), 1, top)
    assert spec.kind == "year", spec
    return np.clip(np.round(2005 + noise * 9), 1960, 2025)


def _smooth(rows: int, random: np.random.Generator) -> Values:
    """A standardised series with a trend, a season and noise."""
    walk = np.cumsum(random.normal(size=rows)) / np.sqrt(rows)
    season = np.sin(np.arange(rows) * 2 * np.pi / random.choice([4, 7, 12, 24]))
    noise = random.normal(size=rows)
    found: Values = walk * random.uniform(0.3, 1.5) + season * random.uniform(0, 0.8) + 0.3 * noise
    return found


def _dates(rows: int, random: np.random.Generator) -> Values:
    fitting = [frequency for frequency, most in _FREQUENCIES.items() if rows <= most]
    frequency = str(random.choice(fitting))
    start = pd.Timestamp(int(random.integers(1950, 2020)), int(random.integers(1, 13)), 1)
    dates: Values = np.asarray(pd.date_range(start, periods=rows, freq=frequency))
    return dates


def _skeleton(
    shape: str, specs: list[_Spec], random: np.random.Generator
) -> tuple[int, dict[str, Values]]:
    """The number of rows, and the columns that give the table its shape."""
    groups = [spec for spec in specs if spec.kind in ("cat", "place")]
    if shape == "series":
        rows = int(random.choice([6, 12, 24, 60, 120, 300]))
        return rows, {"": _dates(rows, random)}
    if shape == "panel" and groups:
        values = _category(groups[0], random)[:12]
        dates = _dates(int(random.choice([4, 10, 24, 60])), random)
        return len(values) * len(dates), {
            "": np.tile(dates, len(values)), groups[0].name: np.repeat(values, len(dates)),
        }  # fmt: skip
    if shape == "summary" and groups:
        values = _category(groups[0], random)
        return len(values), {groups[0].name: values}
    rows = int(random.choice([1, 4, 15, 40, 90, 200, 400, 600], p=[0.01, 0.04, *[0.95 / 6] * 6]))
    if random.random() < 0.45:
        return rows, {
            "": random.choice(_dates(max(2, rows // int(random.integers(1, 9))), random), rows)
        }
    return rows, {}


def synthesize(domain: str, random: np.random.Generator) -> pd.DataFrame:
    """A table of a domain."""
    specs = [_parse(text) for text in DOMAINS[domain]]
    random.shuffle(specs)  # type: ignore[arg-type]
    specs = specs[: int(np.clip(random.geometric(0.18) + 1, 1, len(specs)))]
    shape = str(random.choice(_SHAPES, p=_SHAPE_CHANCES))
    rows, columns = _skeleton(shape, specs, random)
    if "" in columns:
        columns = {
            str(random.choice(["date", "time", "day", "recorded at", "when"])): columns.pop(""),
            **columns,
        }
    common = random.normal(size=rows)
    for spec in specs:
        if spec.name in columns:
            continue
        if spec.kind == "id":
            columns[spec.name] = np.arange(1, rows + 1)
        elif spec.kind in ("cat", "bool", "name", "code", "place"):
            columns[spec.name] = _text(spec, rows, random)
        else:
            noise = _smooth(rows, random) if shape == "series" else random.normal(size=rows)
            share = random.choice([0.0, 0.0, 0.6, -0.8])
            noise = share * common + np.sqrt(1 - share**2) * noise
            columns[spec.name] = _number(spec, noise, random)
    if random.random() < 0.04:  # wide: measurements under numbers
        for number in range(int(random.integers(6, 38 - len(columns)))):
            columns[f"measurement {number + 1:02}"] = np.round(random.normal(20, 6, rows), 2)
    return _dressed(columns, random)


def _dressed(columns: Mapping[str, Values], random: np.random.Generator) -> pd.DataFrame:
    """Another order, one style of names, now and then nulls, a constant or an empty column."""
    style = _STYLES[int(random.integers(len(_STYLES)))]
    names = list(columns)
    random.shuffle(names)
    frame = pd.DataFrame({style(name): pd.Series(columns[name]) for name in names})
    for name in frame.columns:
        chance = random.random()
        if chance < 0.1 and len(frame) > 3:
            frame[name] = frame[name].mask(
                random.random(len(frame)) < random.choice([0.02, 0.1, 0.4])
            )
        elif chance < 0.115 and len(frame.columns) > 1:
            frame[name] = frame[name].iloc[0]
    if frame.isna().all().all():
        frame.insert(0, "n", range(len(frame)))
    return frame
