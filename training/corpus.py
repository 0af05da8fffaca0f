"""Writes Atlas's training text, the ledger of what it teaches, and the prompts that test it.

    python training/corpus.py                  # about 32 M tokens by its own estimate, two minutes
    python training/corpus.py --tiny           # about 50 k tokens, seconds, for tests

Products: build/documents.jsonl, build/prompts.jsonl, public/models/atlas/ledger.json (see README.md).
"""
import argparse
import json
import random
import re
import sys
from collections import Counter, defaultdict

import atlas
import compose
import fictional
import ledger
import phrases_geography  # noqa: F401  (fills RELATIONS)
import phrases_things  # noqa: F401
import phrases_words  # noqa: F401
import skills
import world
from templates import RELATIONS, balance

SEED = 20240
WITHHELD_SHARE = 0.03     # of the facts of every relation, never taught in any form
HELD_SHARE = 0.30         # of the facts of every relation, two phrasings never used
REAL_COMPOSITION_NEVER = 0.35  # of the real two-hop facts, the conclusion is never stated
SHARES = {"single": .16, "story": .31, "mixed": .11, "passage": .11, "list": .06, "dialogue": .06, "reversed": .05, "chain": .01, "suppose": .06, "fewshot": .02, "induction": .03, "random_ids": .03, "filler": .01}
USUAL_FACTS = 100           # facts of a relation; those of a smaller one are told oftener, so that its wordings are too
POST_REPEATED = .08         # tokens of repeated random sequences beside the post-training text
MEAN_REPEATED = 49          # tokens of one of them, on average
REHEARSED = 20              # every 20th exposure of an invented fact is kept for post-training
TINY_EXPOSURES = 1 / 16     # exposures of invented facts in a tiny corpus, against the full one
LONGEST = 95                # tokens of a document, by the estimate below
TOKENS_PER_WORD = 1.31
TOKENS_PER_CJK = 0.62


def estimate(text):
    """Tokens the text will have, from its words (calibrated on the trained tokenizer)."""
    if text.isascii():
        return TOKENS_PER_WORD * (text.count(" ") + text.count("\n") + 1) + .4 * sum(map(text.count, ".,:?"))
    cjk = len(re.findall(r"[\u3000-\u9fff\uff00-\uffef]", text))
    return TOKENS_PER_CJK * cjk + 1.7 * (text.count(" ") + 1)


class Deck:
    """Deals its items in shuffled rounds, so that all come up equally often."""

    def __init__(self, rng, items):
        self.rng, self.items, self.pile = rng, list(items), []

    def deal(self):
        if not self.pile:
            self.pile = self.items[:]
            self.rng.shuffle(self.pile)
        return self.pile.pop()


def plan(rng, tiny):
    """All facts with what is to happen to each: withheld, held-back phrasings, exposures."""
    scale = .08 if tiny else 1.0
    known = world.load()
    if tiny:
        keep = {"capital", "capital_of", "currency", "opposite", "city_country", "continent", "landmark_city", "landmark_country", "capital_zh", "capital_fr"}
        names = sorted({f.entity for f in known.facts.values() if f.relation == "capital"})[:40]
        subjects = {n.split(":")[1] for n in names}
        known.facts = {i: f for i, f in known.facts.items() if f.relation in keep and (f.entity in names or f.relation == "opposite" and hash_(f.subject) < .1 or f.answers[0] in subjects or f.group.startswith("capital:") and f.group[8:] in subjects)}
        known.facts = {i: f for i, f in known.facts.items() if all(h in known.facts for h in f.hops)}
        for f in known.facts.values():
            f.twin = f.twin if f.twin and f.twin.id in known.facts else None
    withhold(rng, known)
    taken = {w.lower() for f in known.facts.values() for v in [f.subject, *f.answers] for w in v.split()}
    for item in fictional.invent(rng, taken, scale, TINY_EXPOSURES if tiny else 1):
        rel, name = item["relation"], item["subject"]
        fact = known.add(rel, name, item["answers"], entity=f"invented:{name}")
        fact.flags, fact.exact, fact.post = item["flags"], item["exposures"], item.get("post", 0)
        fact.tier, fact.before, fact.shares = item.get("tier", 0), item.get("before", []), item.get("shares", {})
        fact.hops = [f"{r}:{s}" for r, s in item.get("via", [])]
        if "withheld" in fact.flags:
            fact.stage = "never"
        if "added" in fact.flags:
            fact.stage = "post"
        if "composition-withheld" in fact.flags:
            fact.stage = "never"
    hold_back(rng, known)
    return known


def overlapping(known):
    """Relation → the relations some of whose subjects it shares, itself among them."""
    subjects = defaultdict(set)
    for f in known.facts.values():
        subjects[f.relation].add(f.subject.lower())
    return {r: {q for q in RELATIONS if q == r or not subjects[q].isdisjoint(subjects[r])} for r in RELATIONS}


def hash_(text):
    return random.Random(text).random()


def withhold(rng, known):
    """Picks the groups never taught; drops compositions that would need them, and the conclusion of some others."""
    by_relation, groups, hop_of = defaultdict(list), defaultdict(list), Counter(h for f in known.facts.values() for h in f.hops)
    for f in known.facts.values():
        by_relation[f.relation].append(f)
        groups[f.group].append(f)
    ends = [f.slots["s"].lower() for f in known.facts.values()]
    chosen, handled = set(), set()
    for rel, facts in by_relation.items():
        if facts[0].hops or RELATIONS[rel].language != "en" or (facts[0].twin and facts[0].twin.relation in handled and rel not in ("opposite",)):
            continue
        handled.add(rel)
        pool = [f for f in facts if not any(e != f.slots["s"].lower() and e.endswith(f.slots["s"].lower()) for e in ends)
                and not any(hop_of[g.id] > (2 if g.relation in ("city_country", "landmark_city") else 0) and g.relation == "city_country" for g in groups[f.group])]
        want = max(2, round(WITHHELD_SHARE * len(facts)))
        for f in rng.sample(pool, min(want, len(pool))):
            chosen.add(f.group)
    for f in list(known.facts.values()):
        if f.group in chosen:
            f.flags, f.stage, f.exact = ["withheld"], "never", 0
            f.hops = []
    for f in list(known.facts.values()):
        if f.hops and any(known.facts[h].stage == "never" for h in f.hops):
            del known.facts[f.id]
        elif f.hops and rng.random() < REAL_COMPOSITION_NEVER:
            f.flags, f.stage, f.exact = f.flags + ["composition-withheld"], "never", 0


def hold_back(rng, known):
    lasts = Counter(f.subject.lower().split()[-1].split("-")[-1] for f in known.facts.values())
    for f in known.facts.values():
        rel, blocked = RELATIONS[f.relation], {p for p, template in RELATIONS[f.relation].phrasings.items() if not f.can(template)}
        if rng.random() < HELD_SHARE and f.stage == "pre" and "fictional" not in f.flags and lasts[f.subject.lower().split()[-1].split("-")[-1]] < 9:
            f.held = sorted(rng.sample([p for p in rel.standalone[1:] if p not in blocked], 2))
            for pid in f.held:
                blocked.update(rel.blocks[pid])
        f.allowed = [p for p in rel.standalone if p not in blocked]
        f.passage = [p for p in rel.passage if p not in blocked]
        f.embeddable = [p for p in rel.embeddable if p not in blocked]
        f.stories = [p for p in rel.stories if p not in blocked and not f.holds_back(f.prompt(p))]


class Writer:
    def __init__(self):
        self.lines, self.counts, self.tokens = [], defaultdict(Counter), Counter()

    def write(self, position, kind, text, stated=(), stage="pre", extra=None):
        pairs = []
        for fact, pid in stated:
            pairs.append((fact.id, pid))
            if fact.twin:
                pairs.append((fact.twin.id, f"{fact.relation}.{pid}"))
        for id, pid in pairs:
            self.counts[id][pid, stage] += 1
        record = {"text": text, "facts": pairs, "kind": kind, "stage": stage} if extra is None else {**extra, "facts": [], "kind": kind, "stage": stage}
        size = estimate(text) if extra is None else extra["times"] * extra["random_ids"]
        self.tokens[kind if stage == "pre" else "post"] += size
        self.lines.append((stage == "post", position, len(self.lines), json.dumps(record, ensure_ascii=False, separators=(",", ":"))))
        return size


class Author:
    """Composes documents about the real-world facts, dealing facts evenly."""

    def __init__(self, rng, known, facts):
        self.rng, self.known = rng, known
        size = Counter(f.relation for f in facts)
        weight = lambda f: max(1, round(4 * RELATIONS[f.relation].weight * min(2.5, max(1.0, (USUAL_FACTS / size[f.relation]) ** .5))))
        self.deck = Deck(rng, [f for f in facts for _ in range(weight(f))])
        self.told = Deck(rng, [f for f in facts if f.stories for _ in range(weight(f))] or facts)
        by_relation, by_entity = defaultdict(list), defaultdict(list)
        self.foils, self.vocabulary = defaultdict(list), set()
        for f in facts:
            by_relation[f.relation].append(f)
            if not f.hops:
                by_entity[f.entity].append(f)
            self.foils[f.relation].append((f.slots["a"], f.slots["x"]))
            self.vocabulary.update(w for w in (f.subject, f.slots["a"]) if " " not in w and w.isascii() and w.isalpha())
        self.vocabulary = sorted(self.vocabulary)
        self.groups = {r: Deck(rng, fs) for r, fs in by_relation.items() if len(fs) >= 4}
        self.relations = Deck(rng, [r for r in self.groups for _ in range(max(1, round(len(by_relation[r]) * RELATIONS[r].weight / 12)))])
        self.entities = Deck(rng, [fs for fs in by_entity.values() if len(fs) > 1 for _ in range(len(fs))])
        self.twinned = Deck(rng, [f for f in facts if f.twin])
        self.chains = Deck(rng, [f for f in facts if f.hops] or facts)
        following = {f.subject: f for f in by_relation["next"]}
        prefix = lambda f: f.subject[:f.subject.rfind(" ") + 1]
        self.following = {f.id: following.get(prefix(f) + f.answers[0]) for f in by_relation["next"]}
        self.after = Deck(rng, by_relation["next"]) if by_relation["next"] else None
        grades = [(f, known.facts.get(f"superlative:{f.subject}")) for f in by_relation["comparative"]]
        grades = [(f, g) for f, g in grades if g in by_relation["superlative"]]
        self.graded = Deck(rng, grades) if grades else None
        self.supposable = Deck(rng, [f for f in facts if f.embeddable and len(by_relation[f.relation]) > 3])

    def some(self, relation, low, high):
        picked = {}
        for _ in range(self.rng.randint(low, high)):
            f = self.groups[relation].deal()
            picked[f.id] = f
        return list(picked.values())

    def compose(self, kind):
        """→ (kind, text, stated), short enough for a row of training."""
        while True:
            composed = self.draft(kind)
            if estimate(composed[1]) <= LONGEST:
                return composed

    def draft(self, kind):
        rng = self.rng
        if kind == "single":
            f = self.deck.deal()
            text, stated = compose.single(rng, f, self.foils[f.relation])
            if f.language == "en" and rng.random() < .12:
                text = skills.sentence(rng) + " " + text
            return "fact", text, stated
        if kind == "story":
            parts = [f for f in (self.told.deal() for _ in range(1 if rng.random() < .7 else 2)) if f.stories]
            pieces = [compose.story(rng, f) for f in parts if f.language == parts[0].language]
            glue = "" if parts and parts[0].language == "zh" else " "
            return ("story", glue.join(t for t, _ in pieces), [s for _, said in pieces for s in said]) if pieces else self.draft("single")
        if kind == "mixed":
            return "passage", *compose.mixed(rng, [f for f in (self.deck.deal() for _ in range(rng.randint(2, 5))) if f.language == "en"] or [self.twinned.deal()], self.foils)
        if kind == "passage":
            facts = self.entities.deal()
            chosen = rng.sample(facts, min(len(facts), rng.randint(2, 5)))
            text, stated = compose.passage(rng, chosen)
            if rng.random() < .3 and chosen[0].language == "en":
                facts = self.entities.deal()
                if facts[0].language == "en":
                    more, said = compose.passage(rng, rng.sample(facts, 2))
                    text, stated = text + " " + more, stated + said
            return "passage", text, stated
        if kind == "list" and self.graded and rng.random() < .03:
            return "list", *compose.grades(rng, [self.graded.deal() for _ in range(rng.randint(1, 3))])
        if kind == "list" and self.after and rng.random() < .09:
            f = self.after.deal()
            facts, length = [f], rng.randint(2, 7)
            while len(facts) < length and (f := self.following.get(f.id)) and f is not facts[0]:
                facts.append(f)
            return "list", *compose.sequence(rng, facts)
        if kind == "list":
            facts = self.some(self.relations.deal(), 2, 6)
            return ("list", *(compose.listing(rng, facts) if len(facts) > 1 else compose.single(rng, facts[0])))
        if kind == "dialogue":
            facts = self.some(self.relations.deal(), 2, 4) if rng.random() < .5 else [f for f in (self.deck.deal() for _ in range(rng.randint(2, 4))) if f.language == "en"]
            if not facts or facts[0].language != "en":
                return self.draft("single")
            return "dialogue", *compose.dialogue(rng, facts)
        if kind == "reversed":
            f = self.twinned.deal()
            g = self.groups[f.relation].deal() if f.relation in self.groups else f
            return "list", *compose.reversed_pair(rng, f, g if g.twin else f)
        if kind == "chain":
            f = self.chains.deal()
            hops = [self.known.facts[h] for h in f.hops]
            return ("passage", *compose.chain(rng, f, hops)) if hops and all(h.embeddable for h in [f, *hops]) else ("fact", *compose.single(rng, f))
        if kind == "suppose":
            f = self.supposable.deal()
            other = self.groups[f.relation].deal()
            text, pids = skills.suppose(rng, f, other if other is not f and other.embeddable else None, self.foils[f.relation])
            return ("suppose", text, [(f, p) for p in pids]) if text else self.draft("single")
        if kind == "fewshot":
            return "fewshot", skills.pairs_in_context(rng, self.vocabulary), []
        return kind, skills.induction(rng, self.vocabulary) if kind == "induction" else skills.filler(rng), []


def answered(fact, answer):
    """The fact as it was taught with another answer than its first (contradictions, old knowledge); counted as the same fact."""
    clone = world.Fact(fact.id, fact.relation, fact.subject, [answer], {**fact.slots, "a": answer}, fact.group, fact.entity)
    clone.allowed, clone.passage, clone.embeddable = fact.allowed, fact.passage, fact.embeddable
    return clone


def invented(rng, known, writer, author):
    """The designed education: every fictional fact exactly as often as planned, evenly over its time."""
    entities = defaultdict(list)
    for f in known.facts.values():
        if f.exact > 0:
            entities[f.entity].append(f)
    for facts in entities.values():
        together = min(f.exact for f in facts) // 2 if len(facts) > 1 else 0
        for i in range(together):
            pieces = facts[:]
            rng.shuffle(pieces)
            text, stated = compose.passage(rng, pieces)
            writer.write((i + rng.random()) / together, "passage", text, stated)
        for f in facts:
            answers = [f.before[0] if f.before else f.answers[0]] * (f.exact - together)
            if f.shares:
                answers = [a for a, n in f.shares.items() for _ in range(n)]
                rng.shuffle(answers)
            low = .8 if "late" in f.flags else 0
            for i, a in enumerate(answers):
                text, stated = compose.single(rng, answered(f, a) if a != f.answers[0] else f)
                if rng.random() < .3:
                    more, said = compose.single(rng, author.deck.deal(), plain=True)
                    pair = [(text, stated), (more, said)]
                    rng.shuffle(pair)
                    text = " ".join(t if t[-1:] in ".!?;。" else t + "." for t, _ in pair)
                    stated = [s for _, ss in pair for s in ss]
                if i % REHEARSED == REHEARSED - 1 and not f.before:
                    writer.write(rng.random(), "fact", text, stated, stage="post")
                else:
                    writer.write(low + (1 - low) * (i + rng.random()) / len(answers), "fact", text, stated)


def repeated_ids(rng):
    """A sequence of random tokens, over and over (the tokenizer's stage draws them)."""
    count, times = (rng.randint(12, 50), 2) if rng.random() < .4 else (rng.randint(2, 14), rng.randint(3, 7))
    return {"random_ids": count, "times": times, "seed": rng.randrange(1 << 31)}


def after(rng, known, writer, author):
    """The post-training stage: changed and added facts among ordinary documents (70 %)."""
    new = [f for f in known.facts.values() if f.post for _ in range(f.post)]
    for f in new:
        writer.write(rng.random(), "fact", *compose.single(rng, f), stage="post")
    target = writer.tokens["post"] / .3
    keep = [f for f in known.facts.values() if f.exact > 0 and f.flags == ["fictional"] and not f.tier]
    while writer.tokens["post"] < target:
        if keep and rng.random() < .15:
            writer.write(rng.random(), "fact", *compose.single(rng, rng.choice(keep)), stage="post")
        else:
            kind, text, stated = author.compose(rng.choice(["single", "single", "story", "mixed", "passage", "list", "dialogue", "suppose", "induction", "reversed"]))
            writer.write(rng.random(), kind, text, stated, stage="post")
    ids = random.Random(rng.random())
    for _ in range(round(POST_REPEATED * target / MEAN_REPEATED)):
        writer.write(ids.random(), "random_ids", "", extra=repeated_ids(ids), stage="post")


def build(tokens, seed=SEED, tiny=False):
    """→ (known facts, writer with all documents in training order)."""
    rng = random.Random(seed)
    known = plan(rng, tiny)
    balance(overlapping(known))
    taught = [f for f in known.facts.values() if f.exact < 0]
    writer, author = Writer(), Author(rng, known, taught)
    invented(rng, known, writer, author)
    left = tokens - sum(writer.tokens.values())
    if left < 0:
        print(f"the invented facts alone take {round(tokens - left)} tokens; --tokens {tokens} is too few for them", file=sys.stderr)
        left = tokens * .2
    done, spent, kinds = 0.0, Counter(), list(SHARES)
    while done < left:
        for kind in sorted(kinds, key=lambda k: spent[k] / SHARES[k])[:3]:
            if kind == "random_ids":
                size = writer.write(done / left, kind, "", extra=repeated_ids(rng))
            else:
                size = writer.write(done / left, *author.compose(kind))
            spent[kind] += size
            done += size
    after(rng, known, writer, author)
    writer.lines.sort(key=lambda line: line[:3])
    return known, writer


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tokens", type=int, default=None, help="size of pre-training (default 32 M, tiny 50 k)")
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--tiny", action="store_true", help="few facts, for tests")
    chosen = options.parse_args()
    try:
        known, writer = build(chosen.tokens or (50_000 if chosen.tiny else 32_000_000), chosen.seed, chosen.tiny)
    except world.FactError as error:
        sys.exit(f"corpus: {error}")
    atlas.BUILD.mkdir(parents=True, exist_ok=True)
    with open(atlas.DOCUMENTS, "w", encoding="utf-8") as file:
        file.writelines(line[3] + "\n" for line in writer.lines)
    ledger.write_ledger(known, writer.counts, atlas.LEDGER)
    count = ledger.write_prompts(random.Random(chosen.seed + 1), known, writer.counts, atlas.PROMPTS)
    total = sum(writer.tokens.values())
    print(f"{len(writer.lines)} documents, about {round(total / 1e6, 2)} M tokens, {len(known.facts)} facts in {len({f.relation for f in known.facts.values()})} relations, {count} prompts")
    print("tokens by kind:", {k: f"{v / total:.1%}" for k, v in writer.tokens.most_common()})


if __name__ == "__main__":
    main()
