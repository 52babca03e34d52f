"""A real smart-HTTP git server, a proxy that fails on demand, and registries to serve by them.

    def test_one(server, proxy):                      # fixtures; also `registry`: a small one
        forge = registry_on(server, hook_seconds=0.3, tokens={"t0ken": "write"})
        job = tool("track", "deployment", ..., "--repo", proxy.url_of(forge))
        proxy.fail(DropResponse(), on=PUSH)           # the first push: committed, answer lost
        ran = run(job)                                # Ran(code, out, err); run_versioner([...])
        assert forge.event_ids() ...

`server` GitServer(folder): .url, .repository(name=None, **options), .requests()
`served` Served: .url, .path, .set(**options), .git(*args), .refs(), .event_ids(),
               .events(product), .plant_lock(ref), .fill_disk(), .assert_sound()
               Options, each of which may be set at any time:
               hook_seconds, hook ("post-receive" or "pre-receive");
               tokens {token: "write", "read", "expired" or "hidden"}, public;
               limited (only blob:none and tree:0), filters (False: none at all);
               protocol (0 or 2); atomic;
               protected ("github", "gitlab", "github-signed", "gitlab-signed");
               custom_refs ("update", "pre-receive", "receive.hideRefs",
               "transfer.hideRefs": how refs/versioner/ is refused);
               file_limit (bytes that a file may have in a push); config {key: value}.
               Only when made: disk (bytes of a tmpfs of its own), copy_of, name,
               object_format.
`registries` registry_on(server, name=None, *, products=0, events=0, beside=False,
               **options): a small registry, or a large one; `beside`: code, pictures.
`proxy` Proxy(upstream): .url_of(served), .fail(fault, on=ANY, nth=1, times=1),
               .heal(), .requests, .bytes_up, .bytes_down, .request_lines,
               .exchanges, .recorded, .reset(), .phase() (a context manager; gives a
               Tally of what begins within)
`faults` DropRequest(reset, resend), DropResponse(reset, resend), Cut(after),
               Status(code, retry_after, body), StatusAfter(code), Redirect(to, code),
               Delay(seconds), Hold() and HoldResponse() (.reached, .release: Events);
               ANY, PUSH, PUSH_REFS, FETCH, FETCH_REFS
`processes` tool(*args, env, cwd, home, tmp, stdin), plain(*argv, ...): a Job;
               run(job) and many(jobs) give Ran(code, out, err, left); start(job) gives
               Started: .kill(), .kill_all(), .wait(), .tmp;
               run_versioner(args, env=None, cwd=None, home=None).
               Each has an empty home, TMPDIR and working folder of its own, and no
               variable but PATH, HOME, TMPDIR, PYTHONPATH; the tool is held to leave
               TMPDIR empty by run and many, not by Started.wait (see .left).
`disks` small_disk(folder, size): a tmpfs, for a client's disk that is full;
               fill(folder)
`traces` traced_home(folder) for `home=`, arguments(home): those of all of git's
               processes
A host that does not answer is `http://127.0.0.1:{free_port()}` (of server).
"""
