"""Texts for people, and for the programs that read them on people's behalf: cards, notes, rules for coding agents.

markdown    a text in its passages: what a reader sees, and what only the source shows
letters     letters that nobody sees
orders      what is said to machines
notes       all of it together: the features of one text
modelfile   what an Ollama Modelfile takes from elsewhere, and says in the model's name
go_template, ollama_template   its TEMPLATE, taken apart and not executed; what that has a model told
"""
