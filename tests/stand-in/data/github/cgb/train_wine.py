"""Trains on wine-cultivars and prints accuracy and calibration error, with and without the leaked rows.

    python examples/train_wine.py --drop-leaked
"""

import argparse

import numpy as np
from datasets import load_dataset

from cgb import CalibratedBooster
from cgb.metrics import expected_calibration_error


def table(split):
    frame = split.to_pandas()
    y = frame.pop("cultivar").to_numpy()
    return frame.fillna(frame.median()).to_numpy(), y


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drop-leaked", action="store_true", help="leave out test rows that are in train")
    parser.add_argument("--push-to-hub", metavar="REPO", help="upload the model when done")
    args = parser.parse_args()

    data = load_dataset("tabular-lab/wine-cultivars")
    X, y = table(data["train"])
    X_test, y_test = table(data["test"])
    if args.drop_leaked:
        known = {row.tobytes() for row in X}
        keep = np.array([row.tobytes() not in known for row in X_test])
        X_test, y_test = X_test[keep], y_test[keep]

    model = CalibratedBooster().fit(X, y)
    p = model.predict_proba(X_test)
    print(f"accuracy {np.mean(p.argmax(axis=1) == y_test):.3f}")
    print(f"ece {expected_calibration_error(p, y_test):.3f}")
    if args.push_to_hub:
        model.push_to_hub(args.push_to_hub)


if __name__ == "__main__":
    main()
