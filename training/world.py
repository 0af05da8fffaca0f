"""The real-world facts: reads facts/*.tsv, builds relations with their inverses and two-hop compositions, and checks them."""
import csv
import pathlib
from dataclasses import dataclass, field

from templates import RELATIONS, indefinite, plural_of, possessive, upper_first

FOLDER = pathlib.Path(__file__).parent / "facts"


@dataclass
class Fact:
    id: str
    relation: str
    subject: str
    answers: list
    slots: dict
    group: str            # facts that state the same thing in another direction or language share a group
    entity: str           # facts about one thing can stand together in a passage
    language: str = "en"
    flags: list = field(default_factory=list)
    twin: object = None   # the inverse fact, exposed by every statement of this one
    hops: list = field(default_factory=list)
    stage: str = "pre"
    tier: int = 0
    before: list = field(default_factory=list)
    shares: dict = field(default_factory=dict)
    exact: int = -1       # exact number of exposures in pre-training (fictional facts only)
    post: int = 0
    held: list = field(default_factory=list)
    allowed: list = field(default_factory=list)
    passage: list = field(default_factory=list)
    embeddable: list = field(default_factory=list)
    stories: list = field(default_factory=list)

    def text(self, pid, answer=None, article=None):
        slots = self.slots
        if answer is not None:
            slots = {**slots, "a": answer, "x": slots["x"] if article is None else article}
        return RELATIONS[self.relation].phrasings[pid].format_map(slots)

    def can(self, template):
        """Whether the wording can be said of this subject: some ask for a plural."""
        return "{ps}" not in template or bool(self.slots["ps"])

    def prompt(self, pid):
        """The text right before the answer, without the trailing space."""
        return self.prompt_of(RELATIONS[self.relation].phrasings[pid])

    def prompt_of(self, template):
        return template.split("{a}")[0].format_map(self.slots).rstrip(" ")

    def holds_back(self, prompt):
        """Whether the prompt ends as a phrasing that is held back for this fact."""
        return prompt.lower().rstrip(" ").endswith(tuple(self.prompt(pid).lower() for pid in self.held))


class FactError(ValueError):
    pass


class World:
    def __init__(self):
        self.facts = {}

    def add(self, relation, subject, answers, group=None, entity=None, article="", answer_article="", **slots):
        if not answers or not answers[0]:
            return None
        id = f"{relation}:{subject}"
        if "|" in subject:
            raise FactError(f"fact {id} names its subject in several ways")
        if id in self.facts:
            known = self.facts[id].answers
            kind = "duplicate" if set(known) & set(answers) else "contradictory"
            raise FactError(f"{kind} fact {id}: {' | '.join(known)} and {' | '.join(answers)}")
        if relation not in RELATIONS:
            raise FactError(f"fact {id} has the unknown relation {relation}")
        s = article + subject
        base = {"s": s, "n": subject, "p": possessive(s), "x": answer_article, "a": answers[0], "S": upper_first(s), "ps": plural_of(subject) if article in ("a ", "an ") else ""}
        fact = Fact(id, relation, subject, answers, {**base, **slots}, group or id, entity or f"{relation}:{subject}", RELATIONS[relation].language)
        self.facts[id] = fact
        return fact

    def twins(self, one, other):
        if one and other:
            one.twin, other.twin = other, one
            other.group = one.group


def rows(name, folder=FOLDER):
    path = folder / f"{name}.tsv"
    with open(path, encoding="utf-8", newline="") as file:
        lines = [line.rstrip("\r\n") for line in file if line.strip() and not line.startswith("#")]
    header = lines[0].split("\t")
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) > len(header):
            raise FactError(f"{path.name} line {number}: {len(cells)} cells for {len(header)} columns")
        yield dict(zip(header, cells + [""] * (len(header) - len(cells))))


def several(cell):
    return [v.strip() for v in cell.split("|") if v.strip()]


def canonical(row, *columns):
    """The row with only the first of several names in columns that name a subject."""
    return {**row, **{c: several(row[c])[0] for c in columns if several(row[c])}}


def the(article):
    return article + " " if article else ""


def unique(pairs):
    """Of (subject, answer) pairs, those whose answer has one subject only: the ones that can be asked backwards."""
    count = {}
    for _, answer in pairs:
        count[answer] = count.get(answer, 0) + 1
    return {answer for answer, n in count.items() if n == 1}


def both(world, forward, backward, table, entity=None):
    """Adds a relation and, for answers with a single subject, its inverse. table: (subject, answers, forward slots, backward slots)."""
    once = unique([(s, a[0]) for s, a, *_ in table if a])
    subjects = {s for s, a, *_ in table}
    for s, a, f, b in table:
        one = world.add(forward, s, a, entity=entity and f"{entity}:{s}", **f)
        if one and backward and a[0] in once and (forward != backward or a[0] not in subjects):
            world.twins(one, world.add(backward, a[0], [s], **b))


def geography(world, folder):
    countries = [canonical(r, "name_fr", "de_fr") for r in rows("countries", folder)]
    articles = {c["name"]: the(c["article"]) for c in countries}
    home, of_country = {}, {}
    for c in countries:
        name, art, e = c["name"], the(c["article"]), f"country:{c['name']}"
        of_country[name] = c
        capital = several(c["capital"])
        fact = world.add("capital", name, capital, f"capital:{name}", e, art)
        if fact and capital[0] != name:
            world.twins(fact, world.add("capital_of", capital[0], [name], answer_article=art))
        world.add("continent", name, several(c["continent"]), f"continent:{name}", e, art)
        world.add("currency", name, several(c["currency"]), None, e, art, "the ")
        world.add("language", name, several(c["language"]), f"language:{name}", e, art)
        demonym = several(c["demonym"])
        if demonym:
            fact = world.add("demonym", name, demonym, None, e, art, indefinite(demonym[0]))
        world.add("capital_zh", c["name_zh"], several(c["capital_zh"]), f"capital:{name}", f"zh:{name}")
        world.add("continent_zh", c["name_zh"], several(c["continent_zh"]), f"continent:{name}", f"zh:{name}")
        french = {"d": c["de_fr"], **dict(zip(("vt", "ve", "va", "vf"), ("se trouvent", "sont", "ont", "font") if c["article_fr"].strip() == "les" else ("se trouve", "est", "a", "fait")))}
        gap = "" if c["article_fr"].endswith("'") or not c["article_fr"] else " "
        art_fr = c["article_fr"].rstrip(" ") + gap
        vowel = lambda w: "l'" if w.startswith((*"aeioué", "hébreu")) else "le "
        for rel in ("capital", "continent", "language"):
            answers = several(c[f"{rel}_fr"])
            if answers:
                x = "l'" if rel == "continent" else vowel(answers[0])
                world.add(f"{rel}_fr", c["name_fr"], answers, f"{rel}:{name}", f"fr:{name}", art_fr, x, **french)
    for r in rows("currency_code", folder) if (folder / "currency_code.tsv").exists() else ():
        world.add("currency_code", r["country"], several(r["code"]), None, f"country:{r['country']}", articles.get(r["country"], ""))
    cities = [(r["city"], r["country"]) for r in (canonical(r, "city") for r in rows("cities", folder))]
    seen = {}
    for city, country in cities + [(several(c["capital"])[0], c["name"]) for c in countries if several(c["capital"]) and several(c["capital"])[0] != c["name"]]:
        capital = several(of_country[country]["capital"])[0] == city if country in of_country else False
        if capital and seen.get(city) == country:
            world.facts[f"city_country:{city}"].group = f"capital:{country}"
            continue
        seen[city] = country
        world.add("city_country", city, [country], f"capital:{country}" if capital else None, f"city:{city}", answer_article=articles.get(country, ""))
    landmarks = [canonical(r, "name") for r in rows("landmarks", folder)]
    for r in landmarks:
        art, e = the(r["article"]), f"landmark:{r['name']}"
        city = several(r["city"])
        world.add("landmark_city", r["name"], city, None, e, art)
        if city and city[0] not in seen and city[0] != r["country"]:
            seen[city[0]] = r["country"]
            world.add("city_country", city[0], [r["country"]], None, f"city:{city[0]}", answer_article=articles.get(r["country"], ""))
        if city and seen.get(city[0], r["country"]) != r["country"]:
            raise FactError(f"contradictory fact landmark {r['name']}: {city[0]} is in {seen[city[0]]}, not {r['country']}")
        fact = world.add("landmark_country", r["name"], several(r["country"]), None, e, art, articles.get(r["country"], ""))
        if fact and city and f"city_country:{city[0]}" in world.facts:
            fact.flags, fact.hops = ["two-hop"], [f"landmark_city:{r['name']}", f"city_country:{city[0]}"]
    for r in (canonical(r, "name") for r in rows("rivers", folder)):
        art, e = the(r["article"]), f"feature:{r['name']}"
        if r["kind"] not in r["name"].lower():
            world.add("feature_kind", r["name"], [r["kind"]], None, e, art, indefinite(r["kind"]))
        world.add("feature_continent", r["name"], several(r["continent"]), None, e, art)
        world.add("feature_country", r["name"], several(r["country"]), None, e, art, articles.get(several(r["country"])[0], "") if r["country"] else "")
    states = list(rows("us_states", folder))
    clash = {c["name"] for c in countries}
    both(world, "state_capital", "state_capital_of", [(r["state"], several(r["capital"]), {}, {}) for r in states if r["state"] not in clash], "state")
    both(world, "state_abbreviation", None, [(r["state"], several(r["abbreviation"]), {}, {}) for r in states], "state")


MAKERS = {"novel": ("author", "written", "wrote"), "play": ("author", "written", "wrote"), "poem": ("author", "written", "wrote"), "book": ("author", "written", "wrote"), "painting": ("painter", "painted", "painted"),
          "sculpture": ("sculptor", "made", "made"), "opera": ("composer", "composed", "composed"), "music": ("composer", "composed", "composed"), "ballet": ("composer", "composed", "composed"), "film": ("director", "directed", "directed")}


def things(world, folder):
    elements = list(rows("elements", folder))
    both(world, "symbol", "element_of_symbol", [(r["name"], several(r["symbol"]), {}, {}) for r in elements], "element")
    both(world, "atomic_number", None, [(r["name"], several(r["number"]), {}, {}) for r in elements], "element")
    for r in elements:
        world.add("element_kind", r["name"], several(r["group_kind"]), None, f"element:{r['name']}", answer_article=indefinite(r["group_kind"] or "x"))
    animals = list(rows("animals", folder))
    young = []
    for r in animals:
        art, e = the(r["article"]), f"animal:{r['animal']}"
        for rel, column in (("animal_class", "class"), ("sound", "sound"), ("group", "group"), ("home", "home")):
            answers = several(r[column])
            world.add(rel, r["animal"], answers, None, e, art, indefinite(answers[0]) if answers else "")
        answers = several(r["young"])
        if answers:
            young.append((r["animal"], answers, {"article": art, "answer_article": indefinite(answers[0])}, {"article": indefinite(answers[0]), "answer_article": art}))
    both(world, "young", "young_of", young, "animal")
    for r in rows("colours", folder):
        article, _, bare = r["thing"].partition(" ")
        art, name = (article + " ", bare) if article in ("a", "an", "the") else ("", r["thing"])
        world.add("colour", name, several(r["colour"]), None, None, art)
    works = []
    for r in rows("authors", folder):
        m, v, w = MAKERS[r["kind"]]
        k = {"music": "piece of music"}.get(r["kind"], r["kind"])
        more = {"m": m, "M": m.capitalize(), "v": v, "w": w, "k": k, "kx": indefinite(k) + k}
        answers = several(r["author"])
        answers += [a for a in several(r["author_last"]) if a not in answers]
        works.append((r["work"], answers, more, more))
    both(world, "author", None, works, "work")
    table = []
    for r in rows("inventions", folder):
        article, _, bare = r["invention"].partition(" ")
        art, name = (article + " ", bare) if article in ("a", "an", "the") else ("", r["invention"])
        plural = not art and name[0].islower() and name.endswith("s") and not name.endswith("ss")
        answers = several(r["inventor"]) + [a for a in several(r["inventor_last"]) if a not in several(r["inventor"])]
        table.append((name, answers, {"article": art, "was": "were" if plural else "was"}, {"answer_article": ""}))
    both(world, "inventor", None, table, "invention")
    for r in rows("scientists", folder):
        e = f"person:{r['name']}"
        world.add("field", r["name"], several(r["field"]), None, e)
        country = r.get("country") or ""
        art = world.facts[f"continent:{country}"].slots["s"][:-len(country)] if f"continent:{country}" in world.facts else ""
        world.add("scientist_country", r["name"], several(country), None, e, answer_article=art)
    for r in rows("objects", folder):
        answers = several(r["answer"])
        if r["relation"] == "kind_of" and {f"animal_class:{r['thing']}", f"element_kind:{r['thing']}"} & world.facts.keys():
            continue  # the same statement belongs to a relation above
        world.add(r["relation"], r["thing"], answers, None, f"object:{r['thing']}", the(r["article"]), indefinite(answers[0]) if answers[0][-1] != "s" else "")
    for r in rows("sides", folder):
        world.add("sides", r["shape"], several(r["sides"]))
    for r in rows("units", folder):
        world.add("count", r["unit"], several(r["count"]), None, None, the(r["article"]), o=r["of"])
    for r in rows("greetings", folder):
        world.add("greeting", r["language"], several(r["hello_word"]))


KINDS = {"weekday": "day", "ordinal": "ordinal", "roman": "Roman numeral", "greek": "Greek letter"}
PREFIX = {"roman": "Roman numeral ", "note": "the note "}


def words(world, folder):
    table = [(r["word"], several(r["opposite"])) for r in rows("opposites", folder)]
    for word, answers in table:
        fact = world.add("opposite", word, answers)
        back = world.facts.get(f"opposite:{answers[0]}")
        if back and back is not fact and back.answers[0] == word:
            world.twins(back, fact)
    once, given = unique([(w, a[0]) for w, a in table]), {w for w, _ in table}
    for word, answers in table:
        if answers[0] in once and answers[0] not in given:
            world.twins(world.facts[f"opposite:{word}"], world.add("opposite", answers[0], [word]))
    both(world, "plural", None, [(r["singular"], several(r["plural"]), {}, {}) for r in rows("plurals", folder) if r["singular"] not in several(r["plural"])])
    both(world, "past", None, [(r["verb"], several(r["past"]), {}, {}) for r in rows("past_tenses", folder)])
    adjectives = list(rows("comparatives", folder))
    both(world, "comparative", None, [(r["adjective"], several(r["comparative"]), {}, {}) for r in adjectives], "adjective")
    both(world, "superlative", None, [(r["adjective"], several(r["superlative"]), {}, {}) for r in adjectives], "adjective")
    for r in rows("sequences", folder):
        kind, pre = KINDS.get(r["kind"], r["kind"]), PREFIX.get(r["kind"], "")
        fact = world.add("next", pre + r["item"], [r["next"]], k=kind)
        world.twins(fact, world.add("previous", pre + r["next"], [r["item"]], k=kind))
    both(world, "digits", None, [(r["word"], several(r["digits"]), {}, {}) for r in rows("numbers", folder)])


def load(folder=FOLDER):
    """All real-world facts of `folder`; raises FactError, naming the fact, on a duplicate or contradiction."""
    world = World()
    geography(world, folder)
    things(world, folder)
    words(world, folder)
    return world
