"""Make the model of the injection guard: `python -m bench.guards.train FOLDER` (minutes of one core).

Writes chatapp/guards/injection/weights.npz and, beside it, manifest.json: from which data, with what figures.
Needs requirements-dev.txt; the product itself needs numpy only.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from math import log
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np
import sklearn

from bench.guards import data
from bench.guards.corpus import Corpus, Numbers, read, worst
from bench.guards.figures import Level, figures, threshold
from chatapp.guards.injection.lexicon import PATH as LEXICON
from chatapp.guards.injection.model import PATH, Model

SEEDS = (0, 1, 2)
# False alarms out of fold, easy and hard, for which the levels are set: below what is asked, as other data differ.
FLAG = Level(easy=0.0085, hard=0.04)
BLOCK = Level(easy=0.0008, hard=0.01)
# The scores that these levels get: the settings' defaults for severities low and high (waldur-chat-api section 7.1).
FLAG_SCORE, BLOCK_SCORE = 0.3, 0.7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    corpus = read(folder)
    runs = [corpus.out_of_fold(seed) for seed in SEEDS]
    flag = float(np.mean([threshold(margins, corpus, FLAG) for margins, _ in runs]))
    block = float(np.mean([threshold(margins, corpus, BLOCK) for margins, _ in runs]))
    model = calibrated(corpus.model(np.arange(len(corpus.rows))), flag, block)
    store(model)
    manifest = {
        "data_sha256": data.digest(folder),
        "lexicon_sha256": data.sha256(LEXICON),
        "rows": {"attacks": int(corpus.labels.sum()), "harmless": int((1 - corpus.labels).sum())},
        "written_for_training": len(corpus.written),
        "program_text": f"Python {python_version()} and the packages of requirements-dev.txt",
        "written_sha256": data.digest_of(corpus.written),
        "scikit_learn": sklearn.__version__,
        "sources": data.attributions(folder),
        "out_of_fold": [figures(corpus, margins, disguised, flag, block) for margins, disguised in runs],
        "without_the_source": without_each_source(corpus, flag),
    }
    PATH.with_name("manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps({key: manifest[key] for key in ("out_of_fold", "without_the_source")}, indent=1))


def calibrated(model: Model, flag: float, block: float) -> Model:
    """The line from margins to log-odds that gives both levels their scores."""
    low, high = (log(score / (1 - score)) for score in (FLAG_SCORE, BLOCK_SCORE))
    slope = (high - low) / (block - flag)
    return replace(model, slope=slope, intercept=low - slope * flag)


def store(model: Model) -> None:
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in asdict(model).items()}
    np.savez_compressed(PATH, **arrays)


def without_each_source(corpus: Corpus, flag: float) -> dict[str, dict[str, float]]:
    """For each family left out of training: the share of its attacks and of its harmless texts that are flagged."""
    shares: dict[str, dict[str, float]] = {}
    for family in sorted(set(corpus.families)):
        own = corpus.families == family
        model = corpus.model(np.flatnonzero(~own))
        margins: Numbers = np.array([worst(model, corpus.readings[place]) for place in np.flatnonzero(own)])
        labels = corpus.labels[own]
        shares[family] = {
            name: round(float((margins[labels == label] > flag).mean()), 3)
            for name, label in (("attacks", 1), ("harmless", 0))
            if (labels == label).any()
        }
    return shares


if __name__ == "__main__":
    main()
