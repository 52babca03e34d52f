"""The server of `versioner serve`: the HTTP API, its docs, and the site that edits.

    settings.py     ServerSettings: everything a server is told, frozen
    app.py          create_app(settings): routers, middleware, error handlers
    services.py     Services, services_of(request): what the routes share
    tokens.py       TokenStore: tokens `vr_<id>_<secret>`, stored hashed
    access.py       Caller, requires(scope): who may
    problems.py     HttpProblem, PROBLEMS: each refusal's code, status and body
    reader.py       RegistryReader: the registry at the branch's tip
    live_site.py    LiveSite: the built site, built again after each commit
    sessions.py     the session cookie and the tokens of forms (CSRF)

The packages of routes: `wire/` (the hosted product's), `api/` (our own), `pages/` (forms),
`hooks/` (events from other systems). Needs the extra `versioner[server]`.
"""
