"""Builds the documentation site: `python -m tools.docs_site`.

`assemble` copies the Markdown pages to a folder where every link has a target, `fact_pages`, `api_pages` and
`error_catalog` write pages from facts and code, `diagrams` draws the Mermaid diagrams, and `check` proves that the
built site is complete and loads nothing from elsewhere.
"""
