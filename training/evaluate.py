"""Ask Atlas everything its ledger makes checkable; write build/evaluation.json and the model card.

    python evaluate.py                             # the shipped ONNX file, and PyTorch for what is inside
    python evaluate.py --weights FILE --quick      # a sample, PyTorch only: a look during training

Reads build/prompts.jsonl, stranger_prompts.json, ledger.json, build/snapshots/, onnx/model.onnx.
"""

import argparse
import json
import random
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from ask import OnnxBackend, Question, TorchBackend, ask, load_tokenizer, question, questions, read_records
from atlas import EVALUATION, LEDGER, PRODUCT, PROMPTS, SHAPE, SNAPSHOTS, STRANGER_PROMPTS
from export import logit_errors, random_prompts, reference_model, session
from lens import first_layer, head_scores, lens_hits, stable_layer
from model import Atlas
from model_card import write_model_card

# Relations whose answer neither the subject's name nor any other taught fact gives away.
ARBITRARY = {"capital", "capital_of", "capital_fr", "capital_zh", "state_capital", "state_capital_of", "landmark_city",
             "author", "inventor", "field"}
QUICK_SAMPLE = 300  # questions of each kind
CURVE_SAMPLE = 800  # questions put to every checkpoint
ERROR_SAMPLE = 400  # questions whose logits are compared


def load_weights(path: Path) -> Atlas:
    weights = load_file(path)
    model = Atlas(SHAPE)
    model.load_state_dict({**weights, "lm_head.weight": weights["transformer.wte.weight"]})
    return model.eval()


def rate(asked: list[Question]) -> dict:
    if not asked:
        return {"n": 0}
    return {"n": len(asked), "top1": mean(q.top1 for q in asked), "full": mean(q.full for q in asked),
            "p": mean(q.p for q in asked)}


def mean(values) -> float:
    values = list(values)
    return float(np.mean(values)) if values else float("nan")


def by(asked: list[Question], key) -> dict[str, list[Question]]:
    groups = defaultdict(list)
    for q in asked:
        groups[key(q.record)].append(q)
    return dict(groups)


def is_fictional(record: dict) -> bool:
    return record.get("fictional", False)


def chance(asked: list[Question], everything: list[Question]) -> float:
    """How often the model's guesses would be right if they knew the relation but not the subject: the
    share of the relation's other facts that have the guessed token as an answer."""
    firsts = {relation: Counter(token for q in group for token in q.first_ids)
              for relation, group in by(everything, lambda r: r["relation"]).items()}
    sizes = Counter(q.record["relation"] for q in everything)
    return mean(firsts[q.record["relation"]][q.top_token] / sizes[q.record["relation"]] for q in asked)


def one_per_fact(asked: list[Question]) -> list[Question]:
    return list({q.record["fact"]: q for q in reversed(asked)}.values())


def tiers(asked: list[Question], everything: list[Question]) -> dict:
    return {str(tier): {**rate(group), "chance": chance(group, everything)}
            for tier, group in sorted(by(asked, lambda r: r["tier"]).items())}


def contradictions(asked: list[Question]) -> dict:
    """Share of probability the two taught answers get, beside the share they were taught with."""
    groups = defaultdict(list)
    for q in asked:
        shares = q.record["shares"]
        total = sum(shares.values())
        p = dict(zip(q.record["answers"], q.p_by_answer))
        major = max(shares, key=shares.get)
        if len(p) < 2 or len(q.first_ids) < 2 or sum(p.values()) == 0:
            continue
        name = f"{round(100 * shares[major] / total)}:{round(100 - 100 * shares[major] / total)}"
        groups[name].append((shares[major] / total, p[major] / sum(p.values()), sum(p.values()), q.top1))
    return {name: {"n": len(rows), "taught": mean(r[0] for r in rows), "model": mean(r[1] for r in rows),
                   "spread": float(np.std([r[1] for r in rows])),
                   "error": mean(abs(r[0] - r[1]) for r in rows), "both": mean(r[2] for r in rows)}
            for name, rows in sorted(groups.items())}


def edits(asked: list[Question], before: TorchBackend | None, tokenizer) -> dict:
    old = [question(q.record, q.record["before"], tokenizer) for q in asked]
    result = {"new": rate(asked), "p_old": mean(q.p for q in old)}
    if before:
        result["before_post_training"] = {"old": rate(ask(old, before)),
                                          "new": rate(ask(questions([q.record for q in asked], tokenizer),
                                                          before))}
    return result


def context(asked: list[Question], alone: list[Question]) -> dict:
    truth_begins = [q.top1 for q in alone]
    return {"follows_context": rate(asked), "without_context": rate(alone),
            "without_context_true": mean(truth_begins)}


def two_hops(groups: dict[str, list[Question]], known: dict[str, bool], everything) -> dict:
    result = {}
    for split in ("two-hop", "composition-withheld"):
        asked = groups.get(split, [])
        both = [q for q in asked if all(known.get(hop, False) for hop in q.record["hops"])]
        result[split] = {
            "all": {**rate(asked), "chance": chance(asked, everything)},
            "both_hops_known": rate(both),
            "by_relation": {r: rate(g) for r, g in sorted(by(asked, lambda r: r["relation"]).items())},
        }
    return result


def depths(asked: list[Question], hits: np.ndarray) -> dict:
    """Distribution of `first` and `stable` over layers, for questions the model answers."""
    layers = hits.shape[1] - 1
    rows = [hit for q, hit in zip(asked, hits) if hit[-1]]
    if not rows:
        return {"n": 0}
    first = np.array([first_layer(hit) for hit in rows])
    stable = np.array([stable_layer(hit) for hit in rows])
    return {"n": len(rows), "first_median": float(np.median(first)), "stable_median": float(np.median(stable)),
            "first_relative": float(np.median(first)) / layers,
            "stable_relative": float(np.median(stable)) / layers,
            "first": np.bincount(first.astype(int), minlength=layers + 1).tolist(),
            "stable": np.bincount(stable.astype(int), minlength=layers + 1).tolist()}


def emergence(model: Atlas, groups: dict[str, list[Question]]) -> dict:
    taught = one_per_fact(groups.get("seen", []))
    hits = lens_hits(model, taught)
    hit_of = {q.record["fact"]: hit for q, hit in zip(taught, hits)}

    def some(wanted) -> dict:
        chosen = [i for i, q in enumerate(taught) if wanted(q.record)]
        return depths([taught[i] for i in chosen], hits[chosen])

    result = {
        "one_hop": depths(taught, hits),
        "one_hop_real": some(lambda r: not is_fictional(r)),
        "one_hop_fictional": some(is_fictional),
        "by_relation": {relation: some(lambda r: r["relation"] == relation)
                        for relation in sorted({q.record["relation"] for q in taught})},
    }
    tiered = one_per_fact(groups.get("tier", []))
    tier_hits = lens_hits(model, tiered) if tiered else None
    result["by_tier"] = {}
    for tier in sorted({q.record["tier"] for q in tiered}):
        chosen = [i for i, q in enumerate(tiered) if q.record["tier"] == tier]
        result["by_tier"][str(tier)] = depths([tiered[i] for i in chosen], tier_hits[chosen])
    for split in ("two-hop", "composition-withheld"):
        asked = one_per_fact(groups.get(split, []))
        if not asked:
            continue
        own = lens_hits(model, asked)
        pairs = defaultdict(list)  # relation -> `first` of a composition and of its first hop, where both are right
        for q, hit in zip(asked, own):
            hop = hit_of.get(q.record["hops"][0])
            if hit[-1] and hop is not None and hop[-1]:
                pairs[q.record["relation"]].append((first_layer(hit), first_layer(hop)))
        result[split] = {**depths(asked, own), **later_by(sum(pairs.values(), [])),
                         "pairs_by_relation": {relation: later_by(each) for relation, each in pairs.items()}}
    return result


def later_by(pairs: list[tuple[int, int]]) -> dict:
    """How many layers after its first hop's answer a composition's answer leads."""
    return {"paired": len(pairs), "mean_later_by": mean(a - b for a, b in pairs),
            "later": mean(a > b for a, b in pairs), "earlier": mean(a < b for a, b in pairs)}


def learning_curve(groups: dict[str, list[Question]], tokenizer) -> list[dict]:
    rng = random.Random(0)
    kinds = {"seen": groups.get("seen", []), "late": groups.get("late", []),
             "edited (new answer)": groups.get("edited", []), "added": groups.get("added", [])}
    chosen = {kind: rng.sample(g, min(CURVE_SAMPLE, len(g))) for kind, g in kinds.items() if g}
    curve = []
    for path in sorted(SNAPSHOTS.glob("step-*.safetensors")):
        model = load_weights(path)
        backend = TorchBackend(model)
        row = {"step": int(path.stem.split("-")[1])}
        for kind, group in chosen.items():
            row[kind] = rate(ask(questions([q.record for q in group], tokenizer), backend))["top1"]
        row["induction"] = float(np.max(head_scores(model)["induction"]))
        curve.append(row)
    return curve


def agreement(asked: list[Question], one, other) -> dict:
    """Top-1 agreement of two backends, and the mean change of p(answer), over fresh copies."""
    records = [(q.record, q.prompt_ids, q.answer_ids, q.seam) for q in asked]
    a = ask([Question(*r) for r in records], one)
    b = ask([Question(*r) for r in records], other)
    return {"n": len(a), "top1_agreement": mean(x.top_token == y.top_token for x, y in zip(a, b)),
            "max_p_difference": max(abs(x.p - y.p) for x, y in zip(a, b))}


def evaluate(model: Atlas, backend, records: list[dict], quick: bool) -> dict:
    tokenizer = load_tokenizer()
    rng = random.Random(0)
    by_split = defaultdict(list)
    for record in records:
        by_split[record["split"]].append(record)
    if quick:
        by_split = {s: rng.sample(rs, min(QUICK_SAMPLE, len(rs))) for s, rs in by_split.items()}
    groups = {split: ask(questions(rs, tokenizer), backend) for split, rs in by_split.items()}
    everything = [q for split in groups if split not in ("suppose", "memory") for q in groups[split]]
    result = {"splits": {}}
    for split, asked in groups.items():
        result["splits"][split] = {
            "all": rate(asked),
            "real": rate([q for q in asked if not is_fictional(q.record)]),
            "fictional": rate([q for q in asked if is_fictional(q.record)]),
            "by_relation": {r: rate(g) for r, g in sorted(by(asked, lambda r: r["relation"]).items())},
        }
    withheld = groups.get("withheld", [])
    arbitrary = [q for q in withheld if q.record["relation"] in ARBITRARY]
    result["splits"]["withheld"]["arbitrary"] = rate(arbitrary)
    for name, some in (("real", [q for q in withheld if not is_fictional(q.record)]), ("arbitrary", arbitrary),
                       ("fictional", [q for q in withheld if is_fictional(q.record)])):
        result["splits"]["withheld"][name]["chance"] = chance(some, everything)
    strangers = json.loads(STRANGER_PROMPTS.read_text(encoding="utf-8")) if STRANGER_PROMPTS.exists() else []
    asked = ask(questions(strangers, tokenizer), backend)
    result["strangers"] = {**rate(asked), "by_writer": {writer: rate(some) for writer, some in by(asked, lambda r: r["writer"]).items()}, "wrong": [
        {"prompt": q.record["prompt"], "answers": q.record["answers"],
         "said": tokenizer.decode([q.top_token])} for q in asked if not q.top1]}
    result["tiers"] = tiers(groups.get("tier", []), everything)
    result["contradicted"] = contradictions(groups.get("contradicted", []))
    result["context"] = context(groups.get("suppose", []), groups.get("memory", []))
    known = {q.record["fact"]: q.top1 for q in reversed(everything)}
    result["two_hops"] = two_hops(groups, known, everything)
    result["seam_changes"] = sum(q.seam for group in groups.values() for q in group)
    result["heads"] = head_scores(model)
    result["emergence"] = emergence(model, groups)
    if not quick:
        paths = sorted(SNAPSHOTS.glob("step-*.safetensors"))
        before = TorchBackend(load_weights(paths[-2])) if len(paths) > 1 else None
        result["edited"] = edits(groups.get("edited", []), before, tokenizer)
        result["curve"] = learning_curve(groups, tokenizer)
        sample = rng.sample(everything, min(2000, len(everything)))
        result["onnx_against_pytorch"] = agreement(sample, backend, TorchBackend(model))
        result["half_against_full"] = half_cost(sample, backend)
        result["logit_errors"] = {
            name: dict(zip(("onnx", "pytorch"), logit_errors(
                PRODUCT / "onnx" / "model.onnx", reference_model(SHAPE, load_file(PRODUCT / "model.safetensors")),
                prompts)))
            for name, prompts in (("questions", [np.array(q.prompt_ids) for q in sample[:ERROR_SAMPLE]]),
                                  ("random", random_prompts([1, 2, 9, 33, SHAPE.n_positions], SHAPE.vocab_size)))}
    return result


def half_cost(sample: list[Question], backend) -> dict:
    """What storing weights as float16 costs: the shipped file against the weights as they were trained."""
    trained = sorted(SNAPSHOTS.glob("step-*.safetensors"))[-1]
    return agreement(sample, backend, TorchBackend(load_weights(trained)))


def summary(result: dict) -> str:
    lines = [f"{'questions':24s}{'n':>7s}{'top-1':>9s}{'full':>9s}{'p':>9s}"]
    rows = [(f"{split} {part}", result["splits"][split][part]) for split in sorted(result["splits"])
            for part in ("real", "fictional")]
    rows += [("strangers", result["strangers"])]
    rows += [(f"strangers, writer {writer}", r) for writer, r in result["strangers"]["by_writer"].items()]
    rows += [(f"tier {t}", r) for t, r in result["tiers"].items()]
    for name, r in rows:
        if r["n"]:
            lines.append(f"{name:24s}{r['n']:7d}{r['top1']:9.1%}{r['full']:9.1%}{r['p']:9.3f}")
    for name, r in result["contradicted"].items():
        lines.append(f"contradicted {name}: model {r['model']:.2f} ± {r['spread']:.2f}, both {r['both']:.2f}")
    heads, inside = result["heads"], result["emergence"]
    lines.append(f"induction: best head {np.max(heads['induction']):.2f}, "
                 f"previous token {np.max(heads['previous_token']):.2f}, continued {heads['continued_top1']:.1%}")
    for name in ("one_hop_real", "one_hop_fictional", "two-hop", "composition-withheld"):
        if inside.get(name, {}).get("n"):
            r = inside[name]
            lines.append(f"lens {name}: first {r['first_median']:.0f} {r['first']} stable {r['stable_median']:.0f}")
    return "\n".join(lines)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--weights", type=Path, help="a snapshot, evaluated in PyTorch")
    arguments.add_argument("--quick", action="store_true", help="a sample; nothing is written")
    chosen = arguments.parse_args()
    records = read_records(PROMPTS)
    if chosen.weights or chosen.quick:
        model = load_weights(chosen.weights or sorted(SNAPSHOTS.glob("step-*.safetensors"))[-1])
        print(summary(evaluate(model, TorchBackend(model), records, chosen.quick)))
        return
    model = load_weights(PRODUCT / "model.safetensors")
    result = evaluate(model, OnnxBackend(session(PRODUCT / "onnx" / "model.onnx")), records, False)
    EVALUATION.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(summary(result))
    write_model_card(result, json.loads(LEDGER.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
