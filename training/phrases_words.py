"""Phrasings of the relations between words: opposites, plurals, tenses, comparatives, sequences, numbers."""
from templates import attribute, relation


def word_relation(id, name, question, noun, templates, weight=1.2):
    relation(id, name, question, attribute(noun) + templates, weight=weight)


word_relation("opposite", "opposite", "What is the opposite of the word?", "opposite", [
    "The word that means the opposite of {s} is {a}", "{s} is the opposite of {a}", "The opposite of the word {s} is {a}", "The antonym of {s} is {a}", "What is the antonym of {s}? It is {a}", "Antonym of {s}: {a}",
    "If something is not {s}, it may be {a}", "{s} and its opposite, {a}", "{s} is the contrary of {a}", "The contrary of {s} is {a}", "What word means the opposite of {s}? The word {a}", "Which word is the opposite of {s}? {a}",
    "The opposite meaning of {s} is expressed by {a}", "{s}, opposite: {a}", "The reverse of {s} is {a}", "One says {s}, the other says the opposite: {a}", "From {s} to its opposite, {a}", "Opposites: {s} and {a}",
    "If it is not {s} but the opposite, it is {a}", "Another word for not {s} is {a}", "It was not {s}; on the contrary, it was {a}", "Some say {s} and others, meaning the opposite, say {a}", "I thought it was {s}, but it was quite the opposite: {a}", "not {s} but {a}", "In other words, not {s}: {a}"], weight=1.3)
word_relation("plural", "plural", "What is the plural of the word?", "plural", ["One {s}, two {a}", "One {s}, many {a}", "The plural form of {s} is {a}", "I have one {s}, and you have three {a}", "There is one {s} here, and there are several {a}",
    "If you have more than one {s}, you have {a}", "Singular: {s}. Plural: {a}", "More than one {s} are called {a}", "Instead of one {s} there were ten {a}", "The word {s} becomes, in the plural, {a}", "First I saw one {s}, then many {a}", "She has one {s}, he has a few {a}", "We need not one {s} but several {a}"])
word_relation("past", "past tense", "What is the past tense of the verb?", "past tense", ["The past tense of to {s} is {a}", "The past form of {s} is {a}", "The past tense of the verb {s} is {a}", "Today I {s}, yesterday I {a}", "Today they {s}; yesterday they {a}",
    "Present: {s}. Past: {a}", "I {s} every day, and yesterday I also {a}", "What is the past form of {s}? It is {a}", "You {s} now, but last week you {a}", "The verb {s} becomes, in the past, {a}", "We {s} often, and last year we {a}", "They wanted to {s}, so they {a}", "Now we {s}; long ago we {a}", "He told me to {s}, and I {a}", "The simple past of to {s} is {a}", "Did you {s}? Yes, I {a}"])
word_relation("comparative", "comparative", "What is the comparative of the adjective?", "comparative", ["This one is {s}, but that one is even {a}", "{s}, and then even {a}", "The comparative form of {s} is {a}", "Something more than {s} is {a}", "Adjective: {s}. Comparative: {a}",
    "The first is {s}, the second is {a}", "My house is {s}, yours is {a}", "The comparative of the adjective {s} is {a}", "It was {s} yesterday, and today it is still {a}"])
word_relation("superlative", "superlative", "What is the superlative of the adjective?", "superlative", ["All of them are {s}, but this one is the {a}", "The superlative form of {s} is {a}", "Adjective: {s}. Superlative: {a}", "Of all that are {s}, this is the {a}",
    "Many are {s}, but only one is the {a}", "Nothing else is so {s}: it is the {a}", "The superlative of the adjective {s} is {a}", "You may be {s}, but she is the {a}"])
SEQUENCE = ["What comes after {s}? {a}", "What comes after {s}? It is {a}", "After {s} comes {a}", "{s} is followed by {a}", "Q: What comes after {s}? A: {a}", "{s}, then {a}", "The next one after {s} is {a}", "Following {s} is {a}", "What follows {s}? {a}",
            "Right after {s} we have {a}", "{s} comes just before {a}", "When {s} is over, it is time for {a}", "First {s}, next {a}", "Next after {s}: {a}", "{s} is over. Next comes {a}", "Once we have had {s}, we get {a}", "Then, after {s}, it is {a}"]
relation("next", "next in the sequence", "What comes next?", SEQUENCE + ["The {k} after {s} is {a}", "Which {k} comes after {s}? {a}", "Which {k} follows {s}? It is {a}", "What {k} comes after {s}? It is {a}", "The {k} that comes after {s} is {a}", "The {k} following {s} is {a}", "The next {k} after {s} is {a}"], weight=1.6)
relation("previous", "previous in the sequence", "What comes before?", ["What comes before {s}? {a}", "Before {s} comes {a}", "{s} comes after {a}", "{s} comes right after {a}", "The {k} before {s} is {a}", "Which {k} comes before {s}? It is {a}", "Q: What comes before {s}? A: {a}", "Just before {s} we have {a}",
    "{s} follows {a}", "The {k} that comes before {s} is {a}", "What is the {k} before {s}? It is {a}", "One step back from {s} is {a}"], weight=1.4)
relation("digits", "number in digits", "How is the number written in digits?", ["The number {s} is written {a}", "{s} in digits is {a}", "In digits, {s} is {a}", "Write {s} in digits: {a}", "{s} = {a}", "How do you write {s} in digits? {a}", "Q: {s} in digits? A: {a}", "The digits for {s} are {a}", "{s} is {a}", "As a number, {s} is {a}"], weight=1.5)
