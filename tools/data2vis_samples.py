"""Writes the sample tables of Data2Vis's page: invented figures, the same each time.

python tools/data2vis_samples.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

TARGET = Path(__file__).parents[1] / "src" / "data2vis" / "web" / "samples"


def bicycle_rides(random: np.random.Generator) -> dict[str, object]:
    """Rides of a bicycle hire, day by day."""
    days = pd.date_range("2024-01-01", "2025-12-31", freq="3D")
    season = np.sin((days.dayofyear.to_numpy() - 105) / 365 * 2 * np.pi)
    temperature = 11 + 10 * season + random.normal(0, 3, len(days))
    rain = random.gamma(0.5, 5, len(days))
    weekend = days.dayofweek.to_numpy() >= 5
    rides = 900 + 55 * temperature - 22 * rain + 180 * weekend + random.normal(0, 110, len(days))
    weather = np.where(rain > 4, "rain", np.where(rain > 0.6, "clouds", "sun"))
    return {
        "date": days.date,
        "weather": weather,
        "day": np.where(weekend, "weekend", "weekday"),
        "temperature": temperature.round(1),
        "rain": rain.round(1),
        "rides": np.maximum(rides, 60).round().astype(int),
    }


def coffee_orders(random: np.random.Generator) -> dict[str, object]:
    """Orders of three coffee shops."""
    n = 420
    drinks = {"espresso": 2.6, "cappuccino": 3.6, "flat white": 3.9, "filter": 3.1, "tea": 2.9}
    drink = random.choice(list(drinks), n, p=[0.2, 0.27, 0.23, 0.18, 0.12])
    cups = random.choice([1, 2, 3, 4], n, p=[0.62, 0.26, 0.08, 0.04])
    cake = random.random(n) < 0.31
    paid = np.array([drinks[d] for d in drink]) * cups + cake * 3.4
    start = pd.Timestamp("2025-03-03 07:00")
    hours = np.where(random.random(n) < 0.6, random.normal(2, 1, n), random.normal(7.5, 1.5, n))
    when = [
        start + pd.Timedelta(days=int(d), minutes=int(60 * min(max(h, 0), 11)))
        for d, h in zip(random.integers(0, 28, n), hours)
    ]
    return {
        "ordered": when,
        "shop": random.choice(["Harbour", "Market", "Station"], n, p=[0.3, 0.25, 0.45]),
        "drink": drink,
        "cups": cups,
        "cake": np.where(cake, "yes", "no"),
        "paid": paid.round(2),
    }


def city_trees(random: np.random.Generator) -> dict[str, object]:
    """A survey of street trees."""
    n = 360
    kinds = {"lime": 22, "maple": 15, "oak": 24, "plane": 26, "cherry": 8, "birch": 16}
    kind = random.choice(list(kinds), n, p=[0.28, 0.2, 0.14, 0.17, 0.11, 0.1])
    age = random.gamma(4, 11, n).clip(2, 140)
    full = np.array([kinds[k] for k in kind])
    height = full * (1 - np.exp(-age / 32)) * random.normal(1, 0.09, n)
    trunk = age * random.normal(1.75, 0.25, n)
    health = np.select([random.random(n) < 0.62, random.random(n) < 0.75], ["good", "fair"], "poor")
    return {
        "species": kind,
        "quarter": random.choice(["North", "East", "South", "West", "Centre"], n),
        "planted": (2025 - age).astype(int),
        "height": height.round(1),
        "trunk": trunk.round(),
        "health": health,
    }


def flat_rents(random: np.random.Generator) -> dict[str, object]:
    """Flats that were let."""
    n = 310
    quarters = {
        "Old town": 15.5,
        "Riverside": 14.2,
        "University": 13.1,
        "Hill": 11.4,
        "Mills": 10.2,
    }
    quarter = random.choice(list(quarters), n)
    rooms = random.choice([1, 2, 3, 4, 5], n, p=[0.2, 0.33, 0.27, 0.15, 0.05])
    area = rooms * random.normal(24, 3, n) + 14
    built = random.choice([1905, 1930, 1958, 1972, 1995, 2012], n) + random.integers(-8, 9, n)
    rent = area * np.array([quarters[q] for q in quarter]) * random.normal(1, 0.1, n)
    rent *= np.where(built > 2000, 1.15, 1.0)
    return {
        "quarter": quarter,
        "rooms": rooms,
        "area": area.round(1),
        "year built": built,
        "balcony": np.where(random.random(n) < 0.44, "yes", "no"),
        "rent": rent.round(),
    }


def library_loans(random: np.random.Generator) -> dict[str, object]:
    """Loans of a library, by month, branch and kind."""
    rows = []
    for month in pd.date_range("2021-01-01", "2025-12-01", freq="MS"):
        for branch, size in (("Central", 1.0), ("Park", 0.46), ("Docks", 0.31)):
            for kind, base, trend in (
                ("novels", 2100, -3),
                ("children", 1650, 7),
                ("films", 900, -11),
            ):
                steps = (month.year - 2021) * 12 + month.month
                wave = 1 + 0.12 * np.cos((month.month - 1) / 12 * 2 * np.pi)
                loans = size * (base + trend * steps) * wave * random.normal(1, 0.05)
                rows.append((month.date(), branch, kind, int(loans)))
    return dict(zip(("month", "branch", "kind", "loans"), zip(*rows)))


def marathon(random: np.random.Generator) -> dict[str, object]:
    """The results of a race."""
    n = 380
    age = random.normal(38, 11, n).clip(18, 78).round()
    sex = random.choice(["women", "men"], n, p=[0.41, 0.59])
    training = random.gamma(5, 9, n).clip(8, 130)
    minutes = 288 - 0.72 * training + 0.019 * (age - 31) ** 2 + 19 * (sex == "women")
    minutes = (minutes + random.normal(0, 15, n)).clip(131, 395)
    return {
        "runner": [f"B{number:04}" for number in random.permutation(n) + 1],
        "sex": sex,
        "age": age.astype(int),
        "country": random.choice(["Norway", "Kenya", "Spain", "Japan", "Chile"], n,
                                 p=[0.48, 0.09, 0.19, 0.14, 0.1]),
        "km per week": training.round(),
        "minutes": minutes.round(1),
    }  # fmt: skip


def power_stations(random: np.random.Generator) -> dict[str, object]:
    """What a country's power comes from, by year."""
    rows = []
    sources = {"wind": (9, 4.1), "sun": (2, 3.2), "water": (31, 0.1), "gas": (44, -0.9),
               "coal": (52, -2.8), "nuclear": (36, -0.3)}  # fmt: skip
    people = {"wind": 5.1, "sun": 8.2, "water": 2.2, "gas": 1.6, "coal": 6.4, "nuclear": 2.9}
    for year in range(2008, 2026):
        for source, (start, step) in sources.items():
            output = max(0.4, start + step * (year - 2008) + random.normal(0, 1.5))
            clean = "yes" if source in ("wind", "sun", "water") else "no"
            rows.append(
                (
                    year,
                    source,
                    clean,
                    round(output, 1),
                    int(output * people[source] + random.normal(30, 6)),
                )
            )
    return dict(zip(("year", "source", "renewable", "output TWh", "jobs"), zip(*rows)))


def main() -> None:
    """Writes the files."""
    TARGET.mkdir(parents=True, exist_ok=True)
    tables = (bicycle_rides, coffee_orders, city_trees, flat_rents, library_loans, marathon,
              power_stations)  # fmt: skip
    for number, table in enumerate(tables):
        frame = pd.DataFrame(table(np.random.default_rng(number)))
        path = TARGET / f"{table.__name__.replace('_', '-')}.csv"
        frame.to_csv(path, index=False, lineterminator="\n")
        print(f"{path.name}: {len(frame)} rows, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
