"""Writes metrics.json: what scikit-learn and NumPy say, for the tests to compare with.

    python3 -m venv VENV && VENV/bin/pip install scikit-learn==1.9.1
    VENV/bin/python model-creation/golden/metrics.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

rng = np.random.default_rng(20240501)


def case(name, labels, scores, threshold):
    flags = [int(score > threshold) for score in scores]
    precision, recall, f1, _ = precision_recall_fscore_support(labels, flags, average="binary", zero_division=0)
    return {
        "name": name,
        "labels": [int(label) for label in labels],
        "scores": [float(score) for score in scores],
        "threshold": float(threshold),
        "aucPr": float(average_precision_score(labels, scores)),
        "aucRoc": float(roc_auc_score(labels, scores)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
    }


def drawn(rows, share, shift, decimals):
    labels = (rng.random(rows) < share).astype(int)
    labels[0], labels[-1] = 1, 0
    scores = np.round(rng.normal(size=rows) + shift * labels, decimals)
    return labels, scores


cases = [
    case("separated", [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.5),
    case("upside down", [1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], 0.5),
    case("all scores equal", [0, 1, 0, 0, 1], [1, 1, 1, 1, 1], 1),
    case("ties across labels", [0, 1, 1, 0, 1, 0], [0.5, 0.5, 0.7, 0.7, 0.2, 0.1], 0.4),
    case("one positive", [0, 0, 0, 1, 0, 0], [3, 1, 4, 1.5, 9, 2], 3.5),
    case("random", *drawn(80, 0.1, 0.0, 6), 0.5),
    case("shifted", *drawn(80, 0.1, 1.5, 6), 1.0),
    case("shifted with ties", *drawn(80, 0.3, 1.0, 0), 1.0),
]

values = np.round(rng.normal(size=23), 6)
quantiles = [{"q": q, "value": float(np.quantile(values, q))} for q in (0, 0.1, 0.5, 0.9, 0.999, 1)]

# Four values per row, two hidden causes; errors over all values and over the last two.
rows = rng.normal(size=(40, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(40, 4))
rows = np.round(rows, 4).astype(np.float32).astype(np.float64)
components = []
for variance in (0.5, 0.95):
    model = PCA(n_components=variance, svd_solver="full").fit(rows)
    error = (rows - model.inverse_transform(model.transform(rows))) ** 2
    components.append(
        {
            "variance": variance,
            "count": int(model.n_components_),
            "all": error.mean(axis=1).tolist(),
            "last": error[:, 2:].mean(axis=1).tolist(),
        }
    )

content = {
    "sklearn": sklearn.__version__,
    "numpy": np.__version__,
    "cases": cases,
    "quantile": {"values": values.tolist(), "expected": quantiles},
    "pca": {"rows": rows.tolist(), "expected": components},
}
Path(__file__).with_name("metrics.json").write_text(json.dumps(content) + "\n")
