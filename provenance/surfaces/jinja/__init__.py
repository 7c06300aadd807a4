"""Chat templates parsed and rendered, in the child process of a `Sandbox` and nowhere else.

`child.py` answers requests; `dialect.py` is the Jinja that loaders give a template, with budgets; `syntax.py` and
`hidden.py` look at the text, `alone.py` at what a template does to canned conversations, `against.py` at what it does
otherwise than another. The one place of jinja2.
"""
