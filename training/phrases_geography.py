"""Phrasings of the geographical relations, in English, Chinese and French."""
from templates import attribute, relation

relation("capital", "capital", "What is the capital of the country?", attribute("capital", extra_nouns=["capital city"]) + [
    "{s} has as its capital the city of {a}", "In {s}, the capital is {a}", "The capital city of {s} is called {a}", "Which city is the capital of {s}? It is {a}",
    "If you visit the capital of {s}, you are in {a}", "People in {s} often travel to their capital, {a}", "The government of {s} sits in the capital, {a}",
    "The seat of government of {s} is in {a}", "In {s} the government meets in {a}", "{n} has its capital in {a}", "Country: {n}. Capital: {a}", "{n} (capital: {a}",
    "As for {s}, its capital is {a}", "The capital of {s} is called {a}", "I spent a week in {p} capital, {a}", "We took the train to the capital of {s}, {a}", "All roads to the capital of {s} lead to {a}",
    "They landed in {s}, not far from the capital, {a}", "Which city is {p} capital? {a}", "Of all the cities in {s}, the capital is {a}", "{n}'s capital city is called {a}",
    "The city that serves as the capital of {s} is {a}", "I am flying to the capital of {s}, which is {a}", "{n} is governed from its capital, {a}",
], ["its capital is {a}", "the capital is {a}", "the capital city there is {a}", "its capital city is called {a}", "the country is governed from {a}", "its people call their capital {a}"], weight=1.7)
relation("capital_of", "country of the capital", "Which country has this capital?", [
    "{s} is the capital of {x}{a}", "{s} is the capital city of {x}{a}", "Which country has the capital {s}? It is {x}{a}", "{s} serves as the capital of {x}{a}",
    "Q: {s} is the capital of which country? A: {a}", "The country whose capital is {s} is {x}{a}", "{s} is the capital of which country? It is {x}{a}",
    "Capital: {s}. Country: {a}", "Of which country is {s} the capital? Of {x}{a}", "With {s} as its capital, this country is {x}{a}",
    "What country has {s} as its capital? {x}{a}", "If you are in {s}, you are in the capital of {x}{a}", "{s}, the capital of {x}{a}", "From {s} one governs {x}{a}",
    "{s} is home to the government of {x}{a}", "The city of {s} is the capital of {x}{a}", "I live in {s}, the capital of {x}{a}", "{s} became the capital of {x}{a}", "In {s} you stand in the capital of {x}{a}",
], ["it is the capital of {x}{a}"], weight=1.3)
relation("continent", "continent", "On which continent is the country?", [
    "{s} is in {a}", "{s} is a country in {a}", "{s} is located in {a}", "{s} lies in {a}", "Which continent is {s} in? It is in {a}", "What continent is {s} in? {a}",
    "Q: On which continent is {s}? A: {a}", "On which continent is {s}? It is in {a}", "{s} belongs to the continent of {a}", "The continent of {s} is {a}", "Continent of {s}: {a}",
    "{p} continent is {a}", "{n}: the continent is {a}", "If you travel to {s}, you travel to {a}", "Q: Which continent does {s} belong to? A: {a}", "{s} can be found in {a}",
    "{s} is part of {a}", "Where is {s}? It is in {a}", "Where is {s} located? In {a}", "{s} is one of the countries of {a}", "On the map, {s} is in {a}", "{s} is situated in {a}",
    "What continent is {s} on? It is on the continent of {a}", "The country of {s} is on the continent of {a}",
], ["it is a country in {a}", "it lies in {a}", "the country is in {a}", "its continent is {a}"], weight=1.2)
relation("currency", "currency", "Which currency does the country use?", attribute("currency", extra_nouns=["money"]) + [
    "The currency used in {s} is the {a}", "In {s}, people pay with the {a}", "What currency is used in {s}? The {a}", "What currency does {s} use? It uses the {a}",
    "{s} uses the {a}", "In {s} you pay in {a}", "Prices in {s} are given in {a}", "If you go shopping in {s}, you need the {a}", "The money people use in {s} is called the {a}",
    "Which currency do people use in {s}? They use the {a}", "The national currency of {s} is the {a}", "The official currency of {s} is the {a}", "In {s}, the currency is the {a}",
    "To buy something in {s}, you need the {a}", "Country: {n}. Currency: {a}",
], ["its currency is the {a}", "the currency is the {a}", "people there pay with the {a}", "the money used there is the {a}"])
relation("language", "language", "Which language do people speak there?", attribute("official language", extra_nouns=["main language", "language"]) + [
    "People in {s} speak {a}", "In {s}, people speak {a}", "What language do people speak in {s}? They speak {a}", "Q: What language is spoken in {s}? A: {a}",
    "The language spoken in {s} is {a}", "Which language is spoken in {s}? It is {a}", "In {s} they speak {a}", "In {s} the language is {a}", "If you live in {s}, you should speak {a}",
    "Most people in {s} understand {a}", "Before you move to {s}, learn {a}", "Children in {s} grow up with {a}", "The newspapers of {s} are written in {a}", "I lived in {s} for years, so I speak {a}", "The people of {s} talk to each other in {a}", "On the streets of {s} you hear {a}", "In the schools of {s}, children learn to write {a}", "Country: {n}. Language: {a}",
], ["people there speak {a}", "its main language is {a}", "the language spoken there is {a}", "its official language is {a}", "they speak {a}"])
relation("demonym", "demonym", "What is a person from there called?", [
    "A person from {s} is called {x}{a}", "Someone from {s} is {a}", "What do you call a person from {s}? {a}", "A citizen of {s} is {x}{a}", "Somebody who comes from {s} is {a}",
    "Q: What is a person from {s} called? A: {a}", "The demonym for {s} is {a}", "If you were born in {s}, you are {a}", "The adjective for {s} is {a}", "Demonym of {s}: {a}",
    "A person who lives in {s} is {a}", "{n}: the people are {a}", "What is the demonym of {s}? It is {a}", "What nationality is someone from {s}? They are {a}",
    "People from {s} are {a}", "The people of {s} are known as {a}", "The nationality of a person from {s} is {a}", "Anything from {s} is {a}", "She comes from {s}; she is {a}", "He was born in {s}, so he is {a}", "I come from {s}, which means I am {a}", "Country: {n}. Nationality: {a}", "Nationality of someone from {s}: {a}", "Her passport was issued by {s}: she is {a}", "The food of {s} is {a} food",
], ["someone from there is {a}", "its people are {a}", "a citizen is called {x}{a}"])
PLACE = ["{s} is in {x}{a}", "{s} is located in {x}{a}", "Where is {s}? It is in {x}{a}", "Q: Where is {s}? A: {a}", "{s} lies in {x}{a}", "{s} can be found in {x}{a}",
         "{s} is situated in {x}{a}", "If you want to see {s}, go to {x}{a}", "To visit {s}, you travel to {x}{a}", "Where can you find {s}? In {x}{a}", "Where is {s} located? It is located in {x}{a}",
         "You will find {s} in {x}{a}", "Location of {s}: {a}"]


def whereabouts(what, noun):
    return [f"Which {noun} is {{s}} in? It is in {{x}}{{a}}", f"In which {noun} is {{s}}? In {{x}}{{a}}", f"Q: Which {noun} is {{s}} in? A: {{a}}", f"What {noun} is {{s}} in? {{x}}{{a}}",
            f"The {noun} where {{s}} is located is {{x}}{{a}}", f"{{n}} ({noun}: {{a}}", f"In what {noun} is {{s}} located? It is located in {{x}}{{a}}", f"The {noun} of {{s}} is {{x}}{{a}}",
            f"{what}: {{n}}. {noun.capitalize()}: {{a}}", f"In which {noun} can you find {{s}}? You can find it in {{x}}{{a}}"]


relation("city_country", "country of the city", "Which country is the city in?", PLACE + whereabouts("City", "country") + [
    "{s} is a city in {x}{a}", "The city of {s} is in {x}{a}", "If you live in {s}, your country is {x}{a}", "{s} belongs to {x}{a}", "{s} is one of the cities of {x}{a}",
    "People who live in {s} live in {x}{a}", "My friend moved to {s}, a city in {x}{a}", "What country does {s} belong to? It belongs to {x}{a}", "He lives in {s}, {a}", "I was born in {s}, {a}", "We spent the summer in {s}, a town in {x}{a}", "{s} is one of the biggest cities in {x}{a}", "The people of {s} are citizens of {x}{a}", "Our train stopped in {s}, still in {x}{a}"],
    ["it is a city in {x}{a}", "the city is in {x}{a}"], weight=1.2)
relation("landmark_city", "city of the landmark", "Which city is the landmark in?", PLACE + whereabouts("Landmark", "city") + [
    "{s} is a landmark in {a}", "{s} stands in {a}", "Tourists see {s} when they visit {a}", "{s} is one of the sights of {a}", "The city that is home to {s} is {a}", "I took a picture of {s} in {a}", "We walked past {s} during our week in {a}", "Of all the sights in the world, {s} brought me to {a}", "The hotel is close to {s}, in {a}", "{s} is a famous building in {a}"],
    ["it stands in {a}", "it is one of the sights of {a}"], weight=1.6)
relation("landmark_country", "country of the landmark", "Which country is the landmark in?", whereabouts("Landmark", "country") + [
    "{s} is a landmark in the country of {x}{a}", "The country that is home to {s} is {x}{a}", "If you stand before {s}, the country you are in is {x}{a}", "The country you visit to see {s} is {x}{a}",
    "The city where {s} stands is in {x}{a}"], weight=.25)
relation("feature_kind", "kind of place", "What is it?", ["{s} is {x}{a}", "What is {s}? It is {x}{a}", "Q: What is {s}? A: {x}{a}", "What kind of place is {s}? It is {x}{a}", "{s} is the name of {x}{a}",
    "If you look for {s} on a map, look for {x}{a}", "{n}: {x}{a}", "By {s} we mean {x}{a}", "On the map, {s} is marked as {x}{a}", "Is {s} a mountain, a river or something else? It is {x}{a}"], ["it is {x}{a}"], weight=.7)
relation("feature_continent", "continent of the place", "On which continent is it?", [t for t in PLACE[:6]] + [
    "Which continent is {s} in? It is in {a}", "The continent of {s} is {a}", "On which continent is {s}? It is in {a}", "Q: On which continent is {s}? A: {a}", "Continent of {s}: {a}", "To see {s}, you travel to the continent of {a}", "{s} belongs to the continent of {a}", "The expedition to {s} set out for {a}"],
    ["it is in {a}", "it lies on the continent of {a}"])
relation("feature_country", "country of the place", "Which country is it in?", [f for f in whereabouts("Place", "country")] + [
    "To see {s}, you travel to the country of {x}{a}", "{s} belongs to the country of {x}{a}", "The country that {s} belongs to is {x}{a}", "People who visit {s} visit the country of {x}{a}", "For {s} you need a visa for {x}{a}"], ["its country is {x}{a}"])
relation("state_capital", "capital of the US state", "What is the capital of the state?", attribute("capital", extra_nouns=["state capital", "capital city"]) + [
    "The capital of the state of {n} is {a}", "The capital of the US state of {n} is {a}", "In {n}, the state government meets in {a}", "State: {n}. Capital: {a}", "Which city is the capital of {n}? It is {a}"],
    ["its capital is {a}", "the state capital is {a}"], weight=1.2)
relation("state_capital_of", "state of the capital", "Which US state has this capital?", ["{s} is the capital of the state of {a}", "{s} is the state capital of {a}", "Which state has the capital {s}? It is {a}",
    "The US state whose capital is {s} is {a}", "Q: {s} is the capital of which state? A: {a}", "Capital: {s}. State: {a}", "{s} is the capital of the US state of {a}", "The state governed from {s} is {a}",
    "{s} is the capital of {a}", "The city of {s} is the capital of {a}"], weight=.8)
relation("state_abbreviation", "abbreviation of the state", "What is the state's postal abbreviation?", attribute("abbreviation", "for") + ["{n} is abbreviated as {a}", "The postal code for {n} is {a}", "On letters, {n} is written {a}",
    "The short form of {n} is {a}"], ["its abbreviation is {a}", "it is abbreviated as {a}"], weight=.8)


relation("capital_zh", "首都", "这个国家的首都是哪里？", ["{s}的首都是{a}", "{s}的首都是哪里？是{a}", "{s}的首都是哪座城市？{a}", "问：{s}的首都是哪里？答：{a}", "{s}的首都叫{a}", "{s}首都：{a}", "{s}的首都在{a}", "国家：{s}，首都：{a}",
    "{s}这个国家的首都是{a}", "{s}的首都名叫{a}", "你知道{s}的首都吗？是{a}", "{s}的首都城市是{a}"], ["它的首都是{a}"], "zh", .9)
relation("continent_zh", "大洲", "这个国家在哪个洲？", ["{s}在{a}", "{s}位于{a}", "{s}在哪个洲？在{a}", "问：{s}在哪个洲？答：{a}", "{s}属于{a}", "{s}所在的洲是{a}", "国家：{s}，洲：{a}", "{s}是一个国家，位于{a}", "{s}位于哪个大洲？{a}"], ["它位于{a}", "它在{a}"], "zh", .9)
relation("capital_fr", "capitale", "Quelle est la capitale du pays ?", ["La capitale {d} est {a}", "Quelle est la capitale {d} ? C'est {a}", "Q : Quelle est la capitale {d} ? R : {a}", "La capitale {d} s'appelle {a}", "Capitale {d} : {a}", "La ville qui est la capitale {d} est {a}",
    "Le gouvernement {d} se trouve à la capitale, {a}", "Pays : {n}. Capitale : {a}", "Tu connais la capitale {d} ? Oui, c'est {a}", "La capitale {d}, c'est {a}", "{S} {va} pour capitale {a}", "{S} {va} comme capitale {a}"], ["sa capitale est {a}", "la capitale est {a}"], "fr", .7)
relation("continent_fr", "continent", "Sur quel continent se trouve le pays ?", ["{S} {vt} en {a}", "{S} {ve} en {a}", "Sur quel continent {vt} {s} ? En {a}", "Où {vt} {s} ? En {a}", "Q : Où se trouve {s} ? R : en {a}", "Le continent {d} est {x}{a}", "Continent {d} : {a}",
    "{S} {ve} un pays situé en {a}", "Pays : {n}. Continent : {a}", "{S} {vf} partie du continent appelé {a}"], ["ce pays se trouve en {a}"], "fr", .7)
relation("language_fr", "langue", "Quelle est la langue du pays ?", ["La langue {d} est {x}{a}", "Quelle est la langue {d} ? C'est {x}{a}", "Q : Quelle est la langue {d} ? R : {a}", "La langue officielle {d} est {x}{a}", "Langue {d} : {a}", "Les habitants {d} parlent {a}",
    "Pays : {n}. Langue : {a}", "Quelle langue parlent les habitants {d} ? Ils parlent {a}", "Au cœur {d}, on parle {a}", "Les gens {d} parlent {a}"], ["on y parle {a}", "sa langue est {x}{a}"], "fr", .7)
