"""Each store on MongoDB or embedded, addresses from files, authentication and TLS through the URL."""
import os
import subprocess
import unittest

from mongodb import Database, MongoHub, needs_mongodb

needs_mongodb()

from harness import ADMIN, Hub, SOURCE, may_log, until  # noqa: E402

ORG = "honeynet"
QUERY = {"type": "count", "data": {"sub_type": "ipv4", "data": "192.0.2.1", "from": "2018-01-01", "to": "2019-01-01"}}
PASSWORD = "s3cr-t/of the@database"
ESCAPED = "s3cr-t%2Fof%20the%40database"


class Homes(unittest.TestCase):
    def file(self, hub, name, text, mode=0o600):
        path = os.path.join(hub.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def test_identities_get_their_indexes_at_the_start(self):
        """Symptom: they were made by the first log-in, which waited for them."""
        with Database() as database, MongoHub(database.url()) as hub:
            hub.start(within=60, **{"store.identity.db": "another_db"})

            def told():
                with open(hub.log, encoding="utf-8") as file:
                    return "made the index _hash_1 of another_db.instance" in file.read()

            until("the indexes are made, and told of", told)

    def work(self, hub, lines):
        """Records go in, are archived and asked for; answers the digest."""
        hub.start(within=60)
        status, answer, _ = hub.post_ndjson(lines, "cowrie", ORG)
        self.assertEqual(status, 201, answer)
        hub.wait_until_archived(60)
        status, answer, _ = hub.post_json("/query", QUERY)
        self.assertEqual(status, 201, answer)
        digest = hub.digest()
        self.assertEqual(hub.stop(15)[0], 0)
        return digest

    def test_every_store_by_itself(self):
        lines = may_log()[:25]
        with Hub() as alone:
            alone.org(ORG)
            wanted = self.work(alone, lines)
        with Database() as database:
            for store, db in (("cache", "cache_db"), ("archive", "tahoe_db"), ("report", "report_db"), ("identity", "identity_db")):
                with self.subTest(store), Hub() as hub:
                    hub.settings[f"store.{store}.url_file"] = self.file(hub, "db.url", database.url() + "\n")
                    if store == "identity":
                        hub.run("user", "add", ADMIN, "--name", "Admin", "--superuser")
                        hub.token = hub.run("token", "new", ADMIN).stdout.strip()
                    hub.org(ORG)
                    self.assertEqual(self.work(hub, lines), wanted)
                    client = database.client()
                    self.assertEqual([n for n in client.list_database_names() if n.endswith("_db")], [db])
                    client.drop_database(db)
                    client.close()

    def test_metrics_of_both_homes(self):
        promtool = os.path.join(SOURCE, "build/test-tools/promtool")
        with Database() as database, Hub(**{"store.cache.url": database.url()}) as hub:
            hub.org(ORG)
            hub.start(within=60)
            hub.post_ndjson(may_log()[:3], "cowrie", ORG)
            hub.wait_until_archived(60)
            status, text, _ = hub.request("GET", "/metrics", port="operators", token="")
            self.assertEqual(status, 200)
            self.assertIn("mongoc_insert_commands ", text)
            self.assertIn("rocksdb_", text)
            if os.path.exists(promtool):
                checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
                self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_a_file_that_others_can_read_is_refused(self):
        with Hub() as hub:
            hub.settings.update({"store.kind": "mongodb", "store.url_file": self.file(hub, "db.url", "mongodb://127.0.0.1:1/", 0o644)})
            done = hub.run("digest", expect=None)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("db.url", done.stderr)
            self.assertIn("600", done.stderr)

    def test_an_address_that_is_none_is_told_without_its_password(self):
        with Hub(**{"store.kind": "mongodb", "store.url": f"mongodb://cybexd:{ESCAPED}@127.0.0.1:99999999/"}) as hub:
            done = hub.run("digest", expect=None)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("URL", done.stderr)
            shown = hub.run("config", "show", expect=2)
            for one in (done, shown):
                self.assertNotIn(ESCAPED, one.stderr + one.stdout)
                self.assertNotIn(PASSWORD, one.stderr + one.stdout)

    def secure_database(self, folder):
        """A database that asks for a password and speaks TLS; the options of its URL."""
        key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=60)
        return ["--sync-on-commit", "--auth", "--tls-cert-file", certificate, "--tls-key-file", key], f"&tls=true&tlsCAFile={certificate}&authSource=admin"

    def test_a_password_and_tls(self):
        with Database("--sync-on-commit") as database, Hub() as hub:
            client = database.client()
            client.admin.command("createUser", "cybexd", pwd=PASSWORD, roles=["root"])
            client.close()
            database.kill()
            arguments, options = self.secure_database(hub.folder)
            database.arguments = arguments
            database.start()

            def url(password):
                return f"mongodb://cybexd:{password}@127.0.0.1:{database.port}/?retryWrites=false{options}"

            hub.settings["store.kind"] = "mongodb"
            hub.settings["store.url_file"] = self.file(hub, "db.url", url("wrong-one"))
            done = hub.run("user", "list", expect=1)
            self.assertIn("uthentication", done.stderr)
            self.assertNotIn("wrong-one", done.stderr)
            self.file(hub, "db.url", url(ESCAPED))
            hub.run("user", "add", ADMIN, "--name", "Admin", "--superuser")
            hub.token = hub.run("token", "new", ADMIN).stdout.strip()
            hub.org(ORG)
            self.assertEqual(self.work(hub, may_log()[:5])["instances"]["raw/cowrie"], 5)
            with open(hub.log, encoding="utf-8") as file:
                log = file.read()
            self.assertIn("made the index", log)
            self.assertNotIn(PASSWORD, log)
            self.assertNotIn(ESCAPED, log)
            # It goes away under load and comes back: errors are logged, and still without the password.
            hub.start(within=60)
            database.kill()
            until("an upload is refused", lambda: hub.post_ndjson(may_log()[5:6], "cowrie", ORG)[0] == 503, 60)
            database.start()
            until("an upload is taken", lambda: hub.post_ndjson(may_log()[5:6], "cowrie", ORG)[0] == 201, 60, every=0.5)
            hub.stop(15)
            with open(hub.log, encoding="utf-8") as file:
                log = file.read()
            self.assertNotIn(PASSWORD, log)
            self.assertNotIn(ESCAPED, log)


if __name__ == "__main__":
    unittest.main(verbosity=2)
