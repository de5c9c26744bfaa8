"""The sample logs through the real binary: every kind of record goes through its filter."""
import os
import unittest

from harness import SOURCE, Hub

KINDS = {"cowrie": "cowrie", "sighting": "sighting", "email": "email", "openphish_feed": "openphish", "phishtank_feed": "phishtank"}


class Samples(unittest.TestCase):
    def test_every_kind_is_filtered(self):
        with Hub() as hub:
            hub.org("o")
            hub.start()
            for kind in KINDS:
                hub.run("raw", "put", os.path.join(SOURCE, "samples", kind + ".ndjson"), "--ndjson", "--typetag", kind, "--org", "o")
            books = hub.wait_until_archived()
            self.assertEqual((books["set_aside"], books["accepted"]), (0, books["archived"]))
            metrics = hub.metrics()
            for kind, name in KINDS.items():
                used = metrics[f'cybexd_filter_records_total{{filter="{name}",outcome="used"}}']
                with open(os.path.join(SOURCE, "samples", kind + ".ndjson"), encoding="utf-8") as file:
                    self.assertEqual(used, sum(1 for _ in file), kind)
            self.assertEqual(metrics["cybexd_filter_pending"], 0)
            instances = hub.digest()["instances"]
            self.assertEqual(instances["event/email"], 100)
            # Two feeds of 20 records with 25 URLs each; a URL at the same time is one event.
            self.assertGreater(instances["event/sighting"], 900)


if __name__ == "__main__":
    unittest.main(verbosity=2)
