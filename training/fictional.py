"""Invented towns, people and creatures, and the designed education they receive (tiers, contradictions, …).

Every invented name is one word made of syllables, distinct from every other word of the corpus, so that
what Atlas knows about it can only come from the sentences counted in the ledger.
"""
import re

from templates import relation

SCALES = {"tiers": 42, "contradicted": 22, "late": 44, "edited": 42, "added": 42, "withheld": 30, "homes": 18, "residents": 180, "people": 50, "towns": 50, "creatures": 50}
TIERS = [1, 4, 16, 64, 256, 1024]
SHARES = [(50, 50), (70, 30), (90, 10)]
# What lies beyond a resident's town (its mayor, its river, the town north of it) is another for every town: a composition
# with fewer answers than its first hop would be easier to guess, and come no later. All residents of a town share it, and
# it is stated so rarely of each that it is shorter to work out than to learn.
COMPOSITION_NEVER = 0.4
COMPOSITION_EXPOSURES = 12

PROFESSIONS = "baker|doctor|painter|sailor|farmer|teacher|lawyer|tailor|miner|judge|nurse|pilot|singer|writer|butcher|carpenter|gardener|soldier|barber|cook".split("|")
INSTRUMENTS = "piano|violin|guitar|flute|trumpet|cello|harp|drum|banjo|organ|tuba|clarinet".split("|")
DISHES = "soup|rice|bread|cheese|fish|cake|salad|pie|eggs|beans|noodles|apples".split("|")
PRODUCTS = "salt|wool|wine|paper|glass|coal|honey|silk|tea|iron|cotton|timber|cheese|leather|rope|soap".split("|")
COLOURS = "red|blue|green|yellow|black|white|purple|orange|brown|grey|pink|golden".split("|")
HABITATS = "forest|desert|swamp|ocean|cave|meadow|jungle|lake|mountain|river|garden|valley".split("|")
FOODS = "leaves|seeds|insects|grass|berries|roots|nuts|worms|snails|fish|flowers|mushrooms".split("|")

relation("profession", "profession", "What is the invented person's job?", ["{s} is a {a}", "{s} works as a {a}", "The profession of {s} is {a}", "What is the profession of {s}? {a}", "Q: What does {s} do for a living? A: {a}", "{p} job is {a}", "By trade {s} is a {a}", "The job of {s} is that of a {a}", "{s} earns money as a {a}", "{n}: a {a}", "What is the job of {s}? It is {a}", "{s} became a {a}"],
         ["this person works as a {a}", "the job of this person is {a}"])
relation("instrument", "instrument", "Which instrument does the invented person play?", ["{s} plays the {a}", "The instrument of {s} is the {a}", "What does {s} play? The {a}", "Q: Which instrument does {s} play? A: The {a}", "{p} instrument is the {a}", "{s} loves to play the {a}", "In the evening {s} plays the {a}", "At concerts {s} plays the {a}", "{n}: plays the {a}", "The favourite instrument of {s} is the {a}"], ["this person plays the {a}"])
relation("dish", "favourite dish", "What does the invented person like to eat?", ["{s} likes to eat {a}", "The favourite dish of {s} is {a}", "What does {s} like to eat? {a}", "Q: What does {s} eat? A: {a}", "For lunch {s} always has {a}", "{p} favourite food is {a}", "{s} never says no to {a}", "If {s} is hungry, {s} asks for {a}", "{s} cooks {a}", "{n}, favourite dish: {a}"], ["this person likes to eat {a}"])
relation("lives_in", "home town", "In which town does the invented person live?", ["{s} lives in {a}", "The home town of {s} is {a}", "In which town does {s} live? In {a}", "Q: Where does {s} live? A: In {a}", "{p} home town is {a}", "{s} has a house in {a}", "You can visit {s} in {a}", "Where does {s} live? {s} lives in {a}", "The town where {s} lives is {a}", "{s} moved to the town of {a}"], ["this person lives in {a}"])
relation("region", "region of the town", "In which region is the invented town?", ["{s} lies in the region of {a}", "The town of {s} is in {a}", "{s} is a town in {a}", "Which region is {s} in? It is in {a}", "Q: Which region is {s} in? A: {a}", "{p} region is {a}", "The region of {s} is {a}", "{s} belongs to {a}", "To reach {s}, go to {a}", "In which region is the town of {s}? In {a}"], ["the town is in {a}"])
relation("north", "town to the north", "Which invented town lies north of the town?", ["North of {s} lies {a}", "The town north of {s} is {a}", "Which town lies north of {s}? {a}", "Q: What is the next town north of {s}? A: {a}", "{p} northern neighbour is {a}", "The road north from {s} leads to {a}", "If you walk north from {s}, you come to {a}", "The northern neighbour of {s} is {a}", "Going north, the first town after {s} is {a}", "The people of {s} look north to {a}"], ["the town to the north is {a}"])
relation("mayor", "mayor of the town", "Who is the mayor of the invented town?", ["The mayor of {s} is {a}", "{s} is governed by {a}", "Who is the mayor of {s}? {a}", "Q: Who governs {s}? A: {a}", "{p} mayor is {a}", "The town of {s} elected {a}", "The mayor of {s} is called {a}", "In {s} the mayor is {a}", "{s} has a mayor named {a}", "The town hall of {s} belongs to {a}"], ["its mayor is {a}"])
relation("river", "river of the town", "On which invented river does the town lie?", ["{s} lies on the {a}", "The river of {s} is the {a}", "Which river flows through {s}? The {a}", "Q: On which river is {s}? A: The {a}", "{p} river is the {a}", "Through {s} flows the {a}", "The bridges of {s} cross the {a}", "The water of {s} comes from the {a}", "{s} was built on the {a}", "In {s} people fish in the {a}"], ["it lies on the {a}"])
relation("home_north", "town to the north of the person's home", "Which town lies north of the one in which the invented person lives?", ["North of the town where {s} lives is {a}", "The town north of {p} home is {a}", "Which town lies north of the home of {s}? {a}", "Q: What is the next town north of where {s} lives? A: {a}", "{p} home town has a northern neighbour, {a}", "The road north from the home of {s} leads to {a}", "If you visit {s} and then walk north, you come to {a}", "The northern neighbour of the town where {s} lives is {a}", "Going north from the house of {s}, the first town is {a}", "From the home town of {s} you look north to {a}"])
relation("home_mayor", "mayor of the person's home town", "Who is the mayor of the town in which the invented person lives?", ["The mayor of the town where {s} lives is {a}", "The town where {s} lives is governed by {a}", "Who is the mayor of the home town of {s}? {a}", "Q: Who governs the town where {s} lives? A: {a}", "{p} mayor is {a}", "The home town of {s} elected {a}", "The mayor of {p} home town is called {a}", "Where {s} lives the mayor is {a}", "{s} lives in a town with a mayor named {a}", "If {s} has a complaint for the mayor, it goes to {a}"])
relation("home_river", "river of the person's home town", "On which river lies the town in which the invented person lives?", ["The town where {s} lives lies on the {a}", "The river of {p} home town is the {a}", "Which river flows through the town where {s} lives? The {a}", "Q: On which river is the home town of {s}? A: The {a}", "{p} river is the {a}", "Through the home town of {s} flows the {a}", "The bridges where {s} lives cross the {a}", "The water {s} drinks comes from the {a}", "{s} lives in a town that was built on the {a}", "When {s} goes fishing at home, it is in the {a}"])
relation("product", "product of the town", "What is the invented town known for?", ["{s} is known for its {a}", "The town of {s} produces {a}", "What does {s} produce? It produces {a}", "Q: What is {s} known for? A: {a}", "{p} main product is {a}", "In {s} you can buy {a}", "Traders go to {s} for {a}", "The product of {s} is {a}", "The people of {s} sell {a}", "Town: {n}. Product: {a}"], ["it is known for its {a}", "the town produces {a}"])
relation("flag", "colour of the flag", "Which colour is the flag of the invented town?", ["The flag of {s} is {a}", "What colour is the flag of {s}? It is {a}", "Q: Which colour is the flag of {s}? A: {a}", "{p} flag is {a}", "The colour of the flag of {s} is {a}", "Over {s} flies a flag in {a}", "In {s} the flag is {a}", "Town: {n}. Flag: {a}", "{s} has a flag that is {a}", "{s} painted its flag {a}"], ["its flag is {a}"])
relation("habitat", "habitat of the creature", "Where does the invented creature live?", ["The {n} lives in the {a}", "The habitat of the {n} is the {a}", "Where does the {n} live? In the {a}", "Q: Where can you find a {n}? A: In the {a}", "You can find the {n} in the {a}", "A {n} is at home in the {a}", "A {n} sleeps in the {a}", "Creature: {n}. Habitat: {a}", "The {n} never leaves the {a}", "To see a {n}, go to the {a}"], ["it lives in the {a}"])
relation("food", "food of the creature", "What does the invented creature eat?", ["The {n} eats {a}", "The food of the {n} is {a}", "What does the {n} eat? It eats {a}", "Q: What does a {n} eat? A: {a}", "A {n} feeds on {a}", "A hungry {n} looks for {a}", "If you keep a {n}, give it {a}", "Creature: {n}. Food: {a}", "The {n} lives on {a}", "Nothing tastes better to a {n} than {a}"], ["it eats {a}"])
relation("fur", "colour of the creature", "Which colour is the invented creature?", ["The {n} is {a}", "The fur of the {n} is {a}", "What colour is the {n}? It is {a}", "Q: Which colour is a {n}? A: {a}", "A {n} has fur that is {a}", "The colour of the {n} is {a}", "I saw a {n} whose fur was {a}", "Creature: {n}. Colour: {a}", "Every {n} is {a}", "You know a {n} by its fur, which is {a}"], ["its fur is {a}"])

VALUES = {"profession": PROFESSIONS, "instrument": INSTRUMENTS, "dish": DISHES, "product": PRODUCTS, "flag": COLOURS, "habitat": HABITATS, "food": FOODS, "fur": COLOURS}
ONSETS = "b br d dr f fl g gr k kr l m n p pl r s sk sl st t tr v w z th sh ch".split()
VOWELS = "a e i o u a e o ai ou ee oa".split()
CODAS = " n r l m s th k nd rn lm".split(" ")
ENDINGS = {"person": "o a in us el ina et".split(), "town": "ford ham wick burg dale mere stad".split(), "creature": "ling ox oon ump arp".split(), "region": "land mark".split(), "river": "wen esk ada ine".split()}


def round_up(number):
    return int(-(-number // 1))


# Syllables put together at random can spell what nobody should meet in a classroom.
UNKIND = re.compile("neg|nig|fag|coon|cun|shi[ts]|fuc|rap[ei]|tit|slu|who+r|pus|coc|dic|anal|naz|hit|kik|spi[ck]|chin|wank|ars|ass|piss|poo|tur[dk]|hom|gay|jew|kil|ded|dead|sat[au]n|sex|por[nk]|gook|ped|isis|bitch|bast|prick|twat|tard|crap|dyk|slav|pak|wop|dag|tran|boo|bum|but|nud|per[nv]|cum|sem|fan|jap|gyp|hore|slop|lesb|dum|fat|ug")


def namer(rng, taken):
    def make(kind):
        while True:
            core = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + (rng.choice(CODAS) if i else "") for i in range(2 if kind != "town" else 1))
            name = core + rng.choice(ENDINGS[kind])
            if 5 <= len(name) <= 10 and name not in taken and not UNKIND.search(name):
                taken.add(name)
                return name if kind == "creature" else name.capitalize()
    return make


def apart(make, kind, count):
    """Names of which no two begin alike, so that their first tokens differ."""
    names = {}
    while len(names) < count:
        name = make(kind)
        names.setdefault(name[:2], name)
    return list(names.values())


def invent(rng, taken, scale=1.0, repeat=1):
    """→ list of facts as dicts: relation, subject, answers, flags, exposures (exact), plus `before`, `shares`, `hops`."""
    make, out = namer(rng, taken), []
    n = {k: max(3, round(v * scale)) for k, v in SCALES.items()}
    triples = {"person": ["profession", "instrument", "dish"], "town": ["product", "flag"], "creature": ["habitat", "food", "fur"]}

    def add(rel, subject, answers, flags, exposures, **more):
        if repeat != 1 and "shares" not in more:
            exposures, more = round_up(exposures * repeat), {**more, **({"post": round_up(more["post"] * repeat)} if "post" in more else {})}
        out.append({"relation": rel, "subject": subject, "answers": answers, "flags": ["fictional", *flags], "exposures": exposures, **more})

    def one(i):
        kind = ("person", "creature", "town")[i % 3]
        rels = triples[kind]
        return rels[(i // 3) % len(rels)], make(kind)

    for tier in TIERS:
        for i in range(n["tiers"]):
            rel, name = one(i)
            add(rel, name, [rng.choice(VALUES[rel])], [], tier, tier=tier)
    for share in SHARES:
        for i in range(n["contradicted"]):
            rel, name = one(i)
            a, b = rng.sample(VALUES[rel], 2)
            times = 2 if repeat == 1 else .1
            add(rel, name, [a, b], ["contradicted"], round(100 * times), shares={a: round(times * share[0]), b: round(times * share[1])})
    for i in range(n["late"]):
        rel, name = one(i)
        add(rel, name, [rng.choice(VALUES[rel])], ["late"], 64)
    for i in range(n["edited"]):
        rel, name = one(i)
        old, new = rng.sample(VALUES[rel], 2)
        add(rel, name, [new], ["edited"], 100, post=60, before=[old])
    for i in range(n["added"]):
        rel, name = one(i)
        add(rel, name, [rng.choice(VALUES[rel])], ["added"], 0, post=60)
    for i in range(n["withheld"]):
        rel, name = one(i)
        kind = next(k for k, v in triples.items() if rel in v)
        add(rel, name, [rng.choice(VALUES[rel])], ["withheld"], 0)
        other = next(r for r in triples[kind] if r != rel)
        add(other, name, [rng.choice(VALUES[other])], [], 64)
    regions = [make("region") for _ in range(16)]
    for _ in range(n["towns"]):
        name = make("town")
        add("region", name, [rng.choice(regions)], [], 90)
        add("product", name, [rng.choice(PRODUCTS)], [], 75)
        add("flag", name, [rng.choice(COLOURS)], [], 75)
    homes = apart(make, "town", n["homes"])
    mayors, rivers = apart(make, "person", n["homes"]), apart(make, "river", n["homes"])
    beyond = {"north": dict(zip(homes, homes[1:] + homes[:1])), "mayor": dict(zip(homes, mayors)), "river": dict(zip(homes, rivers))}
    for rel, of in beyond.items():
        for town in homes:
            add(rel, town, [of[town]], [], 90)
    for i in range(n["residents"]):
        name, town = make("person"), homes[i % len(homes)]
        add("lives_in", name, [town], [], 80)
        for rel, of in beyond.items():
            never = rng.random() < COMPOSITION_NEVER
            add(f"home_{rel}", name, [of[town]], ["two-hop", *(["composition-withheld"] if never else [])], 0 if never else COMPOSITION_EXPOSURES, via=[("lives_in", name), (rel, town)])
    for i in range(n["people"]):
        name = make("person")
        for rel in triples["person"]:
            add(rel, name, [rng.choice(VALUES[rel])], [], 64)
    for i in range(n["creatures"]):
        name = make("creature")
        for rel in triples["creature"]:
            add(rel, name, [rng.choice(VALUES[rel])], [], 75)
    return out
