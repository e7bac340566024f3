"""Trains three models of a late arrival (more than 15 minutes) on the tables beside this file and exports them as ONNX.

    pip install pandas pyarrow scikit-learn==1.9.1 skl2onnx==1.20.0 onnx==1.18.0 "protobuf<6" onnxruntime
    python train_models.py

What enters is the join of `late_join.sql`: a flight with its hour's weather at its origin, its plane and its airline.
Every feature is known when the plane has left. Days divisible by five are held out. Each model has one input per column, so
that `predict(model, t.*)` binds by name; a missing number is NaN, and each model says what that means: the logistic model
and the network impute the median, the trees learned a direction for it.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HERE = Path(__file__).parent
OPSET = {"": 17, "ai.onnx.ml": 3}

TEXT = ["carrier", "origin", "dest"]
NUMERIC = ["month", "day", "hour", "dep_delay", "distance", "temp", "wind_speed", "visib", "precip", "pressure",
           "plane_year", "seats", "engines"]


def joined():
    flights = pd.read_parquet(HERE / "flights.parquet")
    weather = pd.read_parquet(HERE / "weather.parquet")
    planes = pd.read_parquet(HERE / "planes.parquet").rename(columns={"year": "plane_year"})
    airlines = pd.read_parquet(HERE / "airlines.parquet")
    conditions = weather[["origin", "time_hour", "temp", "wind_speed", "visib", "precip", "pressure"]]
    plane = planes[["tailnum", "plane_year", "seats", "engines"]].dropna(subset=["tailnum"])
    rows = (flights.merge(conditions, on=["origin", "time_hour"], validate="many_to_one")
            .merge(plane, on="tailnum", validate="many_to_one")
            .merge(airlines, on="carrier", validate="many_to_one"))
    rows[NUMERIC] = rows[NUMERIC].astype(np.float32)
    return rows


def numeric_columns(*steps):
    return ColumnTransformer([("numeric", make_pipeline(*steps) if steps else "passthrough", NUMERIC)])


def imputed():
    return SimpleImputer(strategy="median"), StandardScaler()


def logistic():
    encode = ColumnTransformer([
        ("text", OneHotEncoder(handle_unknown="ignore"), TEXT),
        ("numeric", make_pipeline(*imputed()), NUMERIC),
    ])
    return make_pipeline(encode, LogisticRegression(max_iter=1000))


def trees():
    return make_pipeline(numeric_columns(), HistGradientBoostingClassifier(
        max_iter=100, max_leaf_nodes=31, max_depth=6, learning_rate=0.15, early_stopping=False, random_state=0))


def network():
    return make_pipeline(numeric_columns(*imputed()), MLPClassifier(
        hidden_layer_sizes=(64, 32), batch_size=512, max_iter=12, random_state=0))


def evaluate(path, model, columns, rows, labels):
    """Measures the exported file, not only the object it came from."""
    feeds = {c: rows[[c]].to_numpy(dtype=object if c in TEXT else np.float32) for c in columns}
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    label, probabilities = session.run(None, feeds)
    score = np.array([p[1] for p in probabilities])
    drift = np.abs(score - model.predict_proba(rows[columns])[:, 1]).max()
    print(f"{path.name:20} {path.stat().st_size:8} bytes  accuracy {accuracy_score(labels, label):.4f}  "
          f"AUC {roc_auc_score(labels, score):.4f}  largest difference to scikit-learn {drift:.1e}")


def main():
    rows = joined()
    known = rows[rows["arr_delay"].notna()]
    late = (known["arr_delay"] > 15).astype(np.int64)
    held_out = known["day"] % 5 == 0
    print(f"{len(rows)} joined rows, {len(known)} with a label, {late.mean():.4f} of them late")
    # skl2onnx gives probabilities as a sequence of maps (ZipMap) unless told otherwise; one model of each form is kept.
    for name, model, columns, zipmap in [
        ("late_logistic", logistic(), TEXT + NUMERIC, True),
        ("late_gbdt", trees(), NUMERIC, False),
        ("late_mlp", network(), NUMERIC, False),
    ]:
        model.fit(known.loc[~held_out, columns], late[~held_out])
        inputs = [(c, StringTensorType([None, 1]) if c in TEXT else FloatTensorType([None, 1])) for c in columns]
        exported = convert_sklearn(model, name=name, initial_types=inputs, target_opset=OPSET,
                                   options={id(model): {"zipmap": zipmap}})
        path = HERE / f"{name}.onnx"
        path.write_bytes(exported.SerializeToString())
        evaluate(path, model, columns, known[held_out], late[held_out])


if __name__ == "__main__":
    main()
