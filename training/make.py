"""Everything, in order: text, tokenizer, training, export, evaluation, reference numbers.

    python training/make.py            # goes on where it stopped; stages that are up to date are skipped
    python training/make.py --tiny     # the same end to end in about a minute, in build/tiny/
    python training/make.py --from train      # that stage and what follows, from scratch
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def use_tiny_folders() -> None:
    tiny = HERE / "build" / "tiny"
    os.environ["ATLAS_BUILD"] = str(tiny)
    os.environ["ATLAS_PRODUCT"] = str(tiny / "atlas")
    os.environ["ATLAS_GOLDEN"] = str(tiny / "golden.safetensors")


def stages() -> dict[str, tuple[list[Path], list[Path]]]:
    """What each stage reads and writes. Training always starts: it knows itself whether it is done."""
    from atlas import (CHECKPOINT, DOCUMENTS, EVALUATION, GOLDEN, GOLDEN_MLP, GOLDEN_WEIGHTS, LEDGER, PRODUCT, PROMPTS,
                       ROWS_POST, ROWS_PRE, STRANGER_PROMPTS)

    weights = PRODUCT / "model.safetensors"
    corpus_sources = [*sorted((HERE / "facts").glob("*.tsv")), *sorted((HERE / "stories").glob("*.tsv")), HERE / "corpus.py"]
    return {
        "corpus": (corpus_sources, [DOCUMENTS, PROMPTS, LEDGER]),
        "tokenizer": ([DOCUMENTS, LEDGER], [ROWS_PRE, ROWS_POST, PRODUCT / "tokenizer.json"]),
        "train": ([ROWS_PRE, ROWS_POST], [CHECKPOINT]),
        "export": ([CHECKPOINT, LEDGER], [weights, PRODUCT / "files.json"]),
        "evaluate": ([weights, PROMPTS, STRANGER_PROMPTS], [EVALUATION, PRODUCT / "README.md"]),
        "golden": ([weights], [GOLDEN, GOLDEN_WEIGHTS, GOLDEN_MLP]),
    }


def up_to_date(inputs: list[Path], outputs: list[Path]) -> bool:
    if not all(path.exists() for path in outputs):
        return False
    newest_input = max((path.stat().st_mtime for path in inputs if path.exists()), default=0.0)
    return newest_input <= min(path.stat().st_mtime for path in outputs)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tiny", action="store_true", help="a small text in build/tiny/, for tests")
    arguments.add_argument("--from", dest="first", help="first stage to run in any case")
    chosen = arguments.parse_args()
    if chosen.tiny:
        use_tiny_folders()
    forced = False
    names = list(stages())
    if chosen.first and chosen.first not in names:
        raise SystemExit(f"no stage {chosen.first}; there are {', '.join(names)}")
    for name in names:
        inputs, outputs = stages()[name]
        forced |= name == chosen.first
        if not forced and name != "train" and up_to_date(inputs, outputs):
            print(f"{name}: up to date", flush=True)
            continue
        command = [sys.executable, str(HERE / f"{name}.py")]
        command += ["--tiny"] if chosen.tiny and name == "corpus" else []
        command += ["--fresh"] if forced and name == "train" else []
        print(f"{name}: {' '.join(Path(part).name for part in command)}", flush=True)
        started = time.monotonic()
        if subprocess.run(command).returncode != 0:
            raise SystemExit(f"{name} failed")
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
