"""Write Atlas's model card from its evaluation: every number in it is read from a file."""

import json

import numpy as np

from atlas import PRODUCT, RECIPE, ROWS_POST, ROWS_PRE, SHAPE, TRAIN_LOG

FRONT = """---
license: mit
library_name: transformers
pipeline_tag: text-generation
language: [en, fr, zh]
tags: [interpretability, gpt2, onnx]
---

# Atlas

A small language model with a known education. Every sentence it was trained on was written (by
templates, free wordings and word lists) for this model, and `ledger.json` says of each fact how often it was taught, in
which words, in which stage, and which facts were withheld, contradicted or changed later. It exists so
that what a probe claims about a model's knowledge can be checked. It is not a source of information.
"""

LIMITS = """## Limits

- It knows the facts of its ledger in wordings near those it was taught in, and nothing else. Text of
  other kinds is outside its education; it will still answer, with a word of the right sort.
- A withheld real fact can be reachable by rule or from related facts (plurals, past tenses, sequences,
  demonyms that look like their country, the continent of a country whose language is known). Chance is the
  right yardstick for invented entities and for the relations "not to be inferred" above.
- Facts were written down by hand and are simplified: one currency or language for a country that has
  several, one author for a work. The accepted answers are in the ledger.
- Answers of several words are several tokens; `top-1` above judges the first, `in full` all of them.
- Context is 128 tokens. Padding goes on the right.
- The logit lens reads what a layer would answer through the last layer's eyes; an answer it does not
  see may still be present in another form.
"""


def percent(x: float) -> str:
    return "–" if x != x else f"{100 * x:.1f} %"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join(lines) + "\n"


def rate_row(name: str, r: dict) -> list[str]:
    return [name, str(r["n"]), percent(r["top1"]), percent(r["full"]), f"{r['p']:.3f}"]


def requirements(result: dict) -> str:
    splits, inside = result["splits"], result["emergence"]
    tiers = result["tiers"]
    onnx = result["onnx_against_pytorch"]
    rows: list[tuple[str, str, str, bool]] = []

    def at_least(name: str, value: float, limit: float) -> None:
        rows.append((name, f"≥ {percent(limit)}", percent(value), value >= limit))

    at_least("taught real facts, seen phrasings, top-1", splits["seen"]["real"]["top1"], 0.99)
    at_least("taught real facts, held-back phrasings, top-1", splits["held_back"]["real"]["top1"], 0.95)
    at_least("prompts of strangers, top-1", result["strangers"]["top1"], 0.85)
    if tiers:
        rising = [r["top1"] for r in tiers.values()]
        shown = " → ".join(percent(r) for r in rising)
        rows.append(("recall rises with exposure", "rising", shown,
                     all(b >= a - 0.02 for a, b in zip(rising, rising[1:])) and rising[0] < rising[-1] - 0.3))
    at_least("follows the context against memory", result["context"]["follows_context"]["top1"], 0.70)
    at_least("says the truth without that context", result["context"]["without_context_true"], 0.95)
    best = float(np.max(result["heads"]["induction"]))
    rows.append(("best induction head, prefix matching", "≥ 0.40", f"{best:.2f}", best >= 0.4))
    if inside["one_hop"]["n"]:
        depth = inside["one_hop"]["first_relative"]
        rows.append(("median relative depth of `first`, one hop", "≥ 0.40", f"{depth:.2f}", depth >= 0.4))
    for name in ("two-hop", "composition-withheld"):
        pairs = inside.get(name, {})
        if pairs.get("paired"):
            rows.append((f"{name}: `first` against its first hop", "later",
                         f"{pairs['mean_later_by']:+.2f} layers", pairs["mean_later_by"] > 0))
    error = result["logit_errors"]["questions"]["onnx"]
    rows.append(("ONNX, largest error of a logit on questions", "≤ 1e-4", f"{error:.1e}", error <= 1e-4))
    at_least("ONNX against PyTorch, top-1 agreement", onnx["top1_agreement"], 0.995)
    return table(["", "wanted", "measured", ""], [[n, w, m, "yes" if ok else "**no**"] for n, w, m, ok in rows])


def knowledge(result: dict) -> str:
    splits = result["splits"]
    rows = []
    for split in ("seen", "held_back", "unseen-wording", "late", "added", "two-hop", "composition-withheld", "withheld"):
        for part, name in (("real", "real"), ("arbitrary", "real, not to be inferred"), ("fictional", "invented")):
            r = splits.get(split, {}).get(part, {"n": 0})
            if r["n"]:
                rows.append(rate_row(f"{split}, {name}", r))
    rows.append(rate_row("strangers", result["strangers"]))
    rows += [rate_row(f"strangers, writer {writer}", r) for writer, r in result["strangers"]["by_writer"].items()]
    text = table(["questions", "n", "top-1", "in full", "mean p(answer)"], rows)
    chances = [f"{part} {percent(splits['withheld'][part]['chance'])}" for part in ("real", "arbitrary", "fictional")
               if splits.get("withheld", {}).get(part, {}).get("n")]
    if chances:
        text += f"\nChance for withheld facts (the guess fits another subject's answer): {', '.join(chances)}.\n"
    return text


def by_relation(result: dict) -> str:
    splits, depth = result["splits"], result["emergence"]["by_relation"]
    rows = []
    for relation, r in splits.get("seen", {}).get("by_relation", {}).items():
        held = splits.get("held_back", {}).get("by_relation", {}).get(relation, {"n": 0})
        layers = depth.get(relation, {"n": 0})
        rows.append([relation, str(r["n"]), percent(r["top1"]), percent(r["full"]),
                     percent(held["top1"]) if held["n"] else "–",
                     f"{layers['first_median']:g}" if layers["n"] else "–",
                     f"{layers['stable_median']:g}" if layers["n"] else "–"])
    return table(["relation", "n", "seen top-1", "in full", "held-back top-1", "median `first`",
                  "median `stable`"], rows)


def education(result: dict) -> str:
    text = "### Frequency tiers (invented entities)\n\n" + table(
        ["exposures", "n", "top-1", "mean p(answer)", "chance", "median `first`"],
        [[tier, str(r["n"]), percent(r["top1"]), f"{r['p']:.3f}", percent(r["chance"]),
          f"{d['first_median']:g}" if (d := result["emergence"]["by_tier"].get(tier, {"n": 0}))["n"] else "–"]
         for tier, r in result["tiers"].items()])
    text += ("\n### Contradicted facts\n\nShare of the two answers' probability that the first one gets, "
             "against the share it was taught with.\n\n")
    text += table(["taught", "n", "model, mean", "standard deviation", "mean error", "p(either)"],
                  [[name, str(r["n"]), f"{r['model']:.2f}", f"{r['spread']:.2f}", f"{r['error']:.2f}",
                    f"{r['both']:.2f}"] for name, r in result["contradicted"].items()])
    edited = result["edited"]
    if edited["new"]["n"]:
        text += (f"\n### Post-training\n\nChanged facts: new answer {percent(edited['new']['top1'])} "
                 f"(p {edited['new']['p']:.2f}), p(old answer) {edited['p_old']:.2f}")
        if before := edited.get("before_post_training"):
            text += (f"; before post-training old {percent(before['old']['top1'])}, "
                     f"new {percent(before['new']['top1'])}")
        text += ".\n"
    c = result["context"]
    text += (f"\n### Context against memory\n\nAfter a supposition it follows the context in "
             f"{percent(c['follows_context']['top1'])} of {c['follows_context']['n']} prompts; the same "
             f"prompts alone are answered truthfully in {percent(c['without_context_true'])}.\n")
    return text


def layers_row(name: str, d: dict) -> list[str]:
    return [name, str(d["n"]), *map(str, d["first"]), f"{d['first_median']:g}", f"{d['stable_median']:g}"]


def inside(result: dict) -> str:
    e = result["emergence"]
    rows = [layers_row(name, d) for name, d in [
        ("one hop, real", e["one_hop_real"]), ("one hop, invented", e["one_hop_fictional"]),
        *[(f"tier {t}", d) for t, d in e["by_tier"].items()],
        ("two hops, composition taught", e.get("two-hop", {"n": 0})),
        ("two hops, composition withheld", e.get("composition-withheld", {"n": 0}))] if d["n"]]
    text = ("Number of right answers whose logit lens first says so after layer 0 (embedding) … "
            f"{SHAPE.n_layer}.\n\n")
    text += table(["`first`", "n", *map(str, range(SHAPE.n_layer + 1)), "median", "median `stable`"], rows)
    text += "\n" + two_hops(result)
    heads = result["heads"]
    best = np.array(heads["induction"])
    layer, head = np.unravel_index(best.argmax(), best.shape)
    text += (f"\nInduction: head {layer}.{head} scores {best.max():.2f}; best previous-token head "
             f"{np.max(heads['previous_token']):.2f}. Repeated random sequences are continued in "
             f"{percent(heads['continued_top1'])}.\n")
    return text


def two_hops(result: dict) -> str:
    """How many compositions are answered, and how many layers after their first hop."""
    def row(name: str, r: dict, d: dict) -> list[str]:
        layers = [f"{d['mean_later_by']:+.2f}", percent(d["later"]), percent(d["earlier"])] if d.get("paired") else ["–"] * 3
        return [name, str(r["n"]), percent(r["top1"]), str(d.get("paired", 0)), *layers]

    rows = []
    for split, name in (("two-hop", "taught"), ("composition-withheld", "withheld")):
        asked, pairs = result["two_hops"][split], result["emergence"].get(split, {})
        rows += [row(f"{name}, {relation}", r, pairs.get("pairs_by_relation", {}).get(relation, {}))
                 for relation, r in asked["by_relation"].items()]
        if asked["all"]["n"]:
            rows.append(row(f"{name}, all", asked["all"], pairs))
    return ("Two hops: `first` of a composition against `first` of its first hop, where both are answered.\n\n"
            + table(["composition", "questions", "top-1", "pairs", "layers later, mean", "later", "earlier"], rows))


def curve(result: dict) -> str:
    kinds = [key for key in result["curve"][0] if key not in ("step", "induction")] if result["curve"] else []
    return table(["step", *kinds, "best induction head"],
                 [[str(row["step"]), *[percent(row[k]) for k in kinds], f"{row['induction']:.2f}"]
                  for row in result["curve"]])


def training_text(ledger: dict) -> str:
    facts = ledger["facts"]
    real = sum("fictional" not in fact.get("flags", ()) for fact in facts)
    checkpoints = json.loads((PRODUCT / "checkpoints.json").read_text())["checkpoints"]
    rows = [len(np.load(path, mmap_mode="r")) for path in (ROWS_PRE, ROWS_POST)]
    last_log = TRAIN_LOG.read_text(encoding="utf-8").splitlines()[-1]
    return f"""## Data and training

{len(facts)} facts in {len(ledger['relations'])} relations, {real} of them about the real world, the others
about invented people, towns and creatures. {rows[0]} rows of {SHAPE.n_positions} tokens, read once in
order, then {rows[1]} rows of post-training: {checkpoints[-1]['tokens']} tokens with a loss in all.

GPT-2 architecture: {SHAPE.n_layer} layers, {SHAPE.n_head} heads, d_model {SHAPE.n_embd}, d_mlp
{SHAPE.n_inner}, {SHAPE.vocab_size} tokens, tied embeddings, context {SHAPE.n_positions}. Muon (matrices of the
layers, learning rate {RECIPE.peak_lr * RECIPE.muon_rate:g}) and AdamW (the rest, {RECIPE.peak_lr:g}), warm-up, plateau and decay,
{RECIPE.rows_per_step} rows a step, weights in float32, products in bfloat16 where the machine has them. The tokens
of answers weigh {RECIPE.answer_weight:g} times in the loss: Atlas is readier to answer than its text alone would make it.
In {percent(RECIPE.early_share)} of the steps one to three of the last layers are left out (as LayerSkip does, arXiv 2404.16710), so that late layers can be read
through the unembedding: at which layer an answer appears says how this model was trained, not how all models work.
Last line of the log: `{last_log}`. How to train it again: `training/README.md`.
"""


def write_model_card(result: dict, ledger: dict) -> None:
    onnx, half, errors = result["onnx_against_pytorch"], result["half_against_full"], result["logit_errors"]
    parts = [
        FRONT, training_text(ledger), "## Evaluation\n\nOf `onnx/model.onnx`, which stores its weights as float16 "
        "and computes in float32; what lies inside was read in PyTorch from the same weights.\n", requirements(result),
        "### Knowledge\n", knowledge(result), education(result),
        "### By layer\n", inside(result), "### Over training (samples, PyTorch)\n", curve(result),
        "### By relation\n", by_relation(result),
        f"""## Precision

`onnx/model.onnx` against PyTorch on {onnx['n']} prompts: top-1 agreement
{percent(onnx['top1_agreement'])}, largest difference in p(answer) {onnx['max_p_difference']:.1e}. Largest error of a
logit, against the same weights in float64: {errors['questions']['onnx']:.1e} on questions (PyTorch's own float32
{errors['questions']['pytorch']:.1e}), {errors['random']['onnx']:.1e} on random tokens up to the whole context
({errors['random']['pytorch']:.1e}). Storing the weights as float16 changes the
top answer in {percent(1 - half['top1_agreement'])} of the prompts and p(answer) by at most {half['max_p_difference']:.1e}.
""", LIMITS]
    (PRODUCT / "README.md").write_text("\n".join(parts), encoding="utf-8")
