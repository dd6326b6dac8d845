"""Two instances and a database that fails: nothing that was begun is lost, and nothing counts twice."""

import html
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

PROGRAM, PG, WORK = sys.argv[1:4]
BASE = "http://127.0.0.1:7310"  # what browsers see: a balancer would stand there
done = 0


def check(condition, what):
    global done
    if not condition:
        raise SystemExit(f"FAILED: {what}")
    done += 1


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Database:
    """PostgreSQL refuses to run as root: then it runs as its own user."""

    def __init__(self):
        self.port, self.data = free_port(), f"{WORK}/pg"
        self.prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        os.mkdir(self.data)
        if self.prefix:
            os.chmod(WORK, 0o755)
            shutil.chown(self.data, "postgres")
        self.run("initdb", "-D", f"{self.data}/db", "-A", "trust", "-U", "app")
        self.start()
        self.url = f"postgres://app@127.0.0.1:{self.port}/postgres"

    def run(self, program, *arguments):
        subprocess.run([*self.prefix, f"{PG}/{program}", *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data} -c max_connections=60"
        self.run("pg_ctl", "-D", f"{self.data}/db", "-w", "-l", f"{self.data}/log", "-o", options, "start")

    def crash(self):
        self.run("pg_ctl", "-D", f"{self.data}/db", "-m", "immediate", "stop")


class Redis:
    """Sessions and logouts, with nothing on disk."""

    def __init__(self):
        self.port = free_port()
        self.start()
        self.url = f"redis://127.0.0.1:{self.port}/"

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""], stdout=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit("redis-server does not start")

    def kill(self):
        self.process.kill()
        self.process.wait()


class Instance:
    def __init__(self, database, redis):
        self.port = free_port()
        arguments = [PROGRAM, "--listen", f"127.0.0.1:{self.port}", "--base-url", BASE, "--database", database.url, "--redis", redis.url]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        check(self.process.stdout.readline().startswith(b"Open"), "the application starts")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def call(instance, path, fields=None, cookie=None):
    """Status, headers, body."""
    data = urllib.parse.urlencode(fields).encode() if fields is not None else None
    request = urllib.request.Request(f"http://127.0.0.1:{instance.port}{path}", data)
    if cookie:
        request.add_header("Cookie", cookie)
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def pair(headers):
    return headers["Set-Cookie"].split(";")[0]


def begun(instance, user):
    """A login up to the form that the browser is about to post, and its cookie."""
    _, headers, _ = call(instance, "/org/acme/sso/acme-demo")
    query = urllib.parse.urlsplit(headers["Location"]).query
    _, _, page = call(instance, "/demo-idp/acme/sso", {"request": query, "email": user})
    form = html.unescape(re.search(r'name="SAMLResponse" value="([^"]*)"', page).group(1))
    return {"SAMLResponse": form}, pair(headers)


def finished(instance, login):
    return call(instance, "/saml/acs/acme/", *login)


def welcome(instance, headers, user):
    return user in call(instance, "/org/acme", cookie=pair(headers))[2]


def crosswise(a, b):
    login = begun(a, "ada@acme.example")
    status, headers, _ = finished(b, login)
    check(status == 303, f"begun at one, finished at the other: {status}")
    check(welcome(a, headers, "ada@acme.example") and welcome(b, headers, "ada@acme.example"), "the session is one of both")
    for instance in (a, b):
        status, _, body = finished(instance, login)
        check(status == 403 and "used" in body, f"a replay is refused at either: {status}")


def at_once(a, b):
    for round_ in range(10):
        login, statuses = begun(a, f"rival{round_}@acme.example"), []
        threads = [threading.Thread(target=lambda i=i: statuses.append(finished(i, login)[0])) for i in (a, b) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check(sorted(statuses) == [303] + [403] * 7, f"one of eight wins: {sorted(statuses)}")


def outage(database, a, b):
    login = begun(a, "olga@acme.example")
    database.crash()
    for instance in (a, b):
        status, headers, body = finished(instance, login)
        check(status == 503 and headers["Retry-After"] and login[0]["SAMLResponse"][:60] in html.unescape(body), f"a clean error with the form in it: {status}")
        check("postgres" not in body.lower() and "connection refused" not in body.lower(), "which tells nobody why")
        status, _, body = call(instance, "/org/acme/sso/acme-demo")
        check(status == 503 and "SAMLRequest" not in body, "no login is begun that could not be finished")
    database.start()
    status, headers, _ = finished(b, login)
    check(status == 303 and welcome(a, headers, "olga@acme.example"), f"the same form once more: {status}")
    check(finished(a, login)[0] == 403, "and once only")


def sessions_fail(redis, a, b):
    """Who can't be shown to be signed in is not, and members are none the worse for it."""
    user = "rita@acme.example"
    _, headers, _ = finished(a, begun(a, user))
    check(welcome(b, headers, user), "signed in")
    late = begun(a, user)
    redis.kill()
    status, _, body = finished(b, late)
    check(status == 503 and "Sign in again" in body and "not lost" not in body, f"used up and not opened: {status}")
    for instance in (a, b):
        status, _, body = call(instance, "/org/acme", cookie=pair(headers))
        check(status == 503 and "Welcome" not in body and "redis" not in body.lower(), f"no session without its store: {status}")
    redis.start()
    deadline = time.monotonic() + 20
    while (found := call(a, "/org/acme", cookie=pair(headers)))[0] == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    check("Welcome" not in found[2], f"a session that Redis has forgotten has ended: {found[0]}")
    while finished(b, begun(b, user))[0] == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    _, headers, _ = finished(b, begun(b, user))
    check(welcome(a, headers, user) and welcome(b, headers, user), "who signs in again is in, as before")


def killed(database, a, b):
    """An instance dies while it answers; whoever got no answer posts the form again elsewhere."""
    users = [f"user{n}@acme.example" for n in range(40)]
    logins, outcomes = [begun(a, user) for user in users], {}

    def post(n):
        try:
            outcomes[n] = finished(a, logins[n])[0]
        except (OSError, urllib.error.URLError, ConnectionError):
            outcomes[n] = None

    threads = [threading.Thread(target=post, args=(n,)) for n in range(len(users))]
    for thread in threads:
        thread.start()
    while not any(status == 303 for status in list(outcomes.values())):
        time.sleep(0.001)
    a.kill()
    for thread in threads:
        thread.join()
    answered = [n for n, status in outcomes.items() if status == 303]
    unanswered = [n for n, status in outcomes.items() if status is None]
    check(len(answered) + len(unanswered) == len(users), f"no other answer: {outcomes}")
    again = {n: finished(b, logins[n]) for n in unanswered}
    entered = [n for n in unanswered if again[n][0] == 303]
    committed = [n for n in unanswered if again[n][0] == 403]
    check(len(entered) + len(committed) == len(unanswered), "the form is good, or was used up before the answer was lost")
    for n in committed:  # The member is there; a new login finds it.
        status, headers, _ = finished(b, begun(b, users[n]))
        check(status == 303 and welcome(b, headers, users[n]), "who lost the answer signs in again")
    for n in answered:
        check(finished(b, logins[n])[0] == 403, "what was answered counts once")
    print(f"  killed while answering {len(users)}: {len(answered)} answered, {len(entered)} finished elsewhere, {len(committed)} signed in again, 0 lost")


def load(instance):
    count = int(os.environ.get("LOGINS", "2000"))
    bodies = []
    for n in range(count):
        _, _, page = call(instance, "/demo-idp/acme/sso", {"request": "", "sp": "acme", "email": f"load{n % 50}@acme.example"})
        form = html.unescape(re.search(r'name="SAMLResponse" value="([^"]*)"', page).group(1))
        bodies.append(urllib.parse.urlencode({"SAMLResponse": form}))
    with open(f"{WORK}/bodies", "w") as file:
        file.write("\n".join(bodies))
    with open(f"{WORK}/load.lua", "w") as file:
        file.write(f"""
local bodies, next_body = {{}}, 0
for line in io.lines("{WORK}/bodies") do bodies[#bodies + 1] = line end
request = function()
  next_body = next_body + 1
  if next_body > #bodies then wrk.thread:stop() end
  return wrk.format("POST", "/saml/acs/acme/", {{["Content-Type"] = "application/x-www-form-urlencoded"}}, bodies[(next_body - 1) % #bodies + 1])
end
counts = {{}}
response = function(status) counts[status] = (counts[status] or 0) + 1; if status ~= 303 then io.write("status ", status, "\\n") end end
""")
    result = subprocess.run(["wrk", "-t1", "-c16", "-d10s", "--latency", "-s", f"{WORK}/load.lua", f"http://127.0.0.1:{instance.port}"], capture_output=True, text=True)
    lines = result.stdout.splitlines()
    refused = sum(line.startswith("status") for line in lines)
    check(not any("requests in" in line and int(line.split()[0]) >= count - 16 for line in lines), "there were enough responses to post")
    print(f"  {refused} answers were no 303 (each response counts once)")
    print("\n".join("  " + line for line in lines if not line.startswith("status")))


database, redis = Database(), Redis()
a, b = Instance(database, redis), Instance(database, redis)
try:
    for name, part in [("crosswise", lambda: crosswise(a, b)), ("at once", lambda: at_once(a, b)), ("outage", lambda: outage(database, a, b)), ("sessions fail", lambda: sessions_fail(redis, a, b)),
                       ("killed", lambda: killed(database, a, b))]:
        before = done
        part()
        print(f"{name}: {done - before} checks")
    if os.environ.get("LOAD"):
        load(b)
    print(f"{done} checks passed")
finally:
    for instance in (a, b):
        instance.kill()
    redis.kill()
    database.crash()
