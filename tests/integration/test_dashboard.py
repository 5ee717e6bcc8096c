"""The Grafana dashboard and the alerts in conf/ use metrics that exist."""

import json
import re

import pytest

from support.announce import Peer, random_hash
from support.certificates import Authority
from support.prometheus import check_expressions, read_metrics, promtool
from support.skepd import ROOT, Skepd, free_port

DASHBOARD = ROOT / "conf" / "grafana-dashboard.json"
ALERTS = ROOT / "conf" / "prometheus-alerts.yml"
PROMETHEUS_OWN = {"up"}
PROMETHEUS_LABELS = {"job", "instance"}
METRIC = re.compile(r"\b((?:skep|process)_[a-z_]+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'([a-z_]+)(=~|!=|=)"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|on|group_right|group_left) \(([a-z_, ]*)\)")
ALERT_EXPRESSION = re.compile(r"^ +expr: (?:\|\n((?: {10,}.*\n)+)|(.*)\n)", re.M)


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    """The metrics of a daemon with all families."""
    issued = Authority(tmp_path_factory.mktemp("certificates")).issue("skep")
    config = (f"https = {{ port = {free_port()}; {issued.setting} }};"
              f"dht = {{ enabled = true; port = {free_port()}; }};"
              'cluster = { engine = "unix:///nowhere/redis.sock"; };')
    with Skepd(config=config, udp=True) as daemon:
        Peer(daemon.port, random_hash()).start()
        yield read_metrics(daemon)


def panels():
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def fill_in(expression):
    return (expression.replace("$__rate_interval", "5m")
            .replace("$instance", ".*").replace("$job", ".*"))


def dashboard_expressions():
    return [fill_in(target["expr"]) for panel in panels() for target in panel["targets"]]


def alert_expressions():
    return [block or line for block, line in ALERT_EXPRESSION.findall(ALERTS.read_text())]


def check_selectors(expression, metrics):
    """Each metric exists, has the label, and the label has the value."""
    selectors = METRIC.findall(expression)
    assert selectors, expression
    known = PROMETHEUS_LABELS | {"le"}
    for name, matchers in selectors:
        if name in PROMETHEUS_OWN:
            continue
        assert name in metrics.names(), f"there is no {name}: {expression}"
        known |= metrics.labels(name)
        for label, how, value in MATCHER.findall(matchers):
            if label in PROMETHEUS_LABELS:
                continue
            assert label in metrics.labels(name), f"{name} has no {label}: {expression}"
            assert how == "=~" or value in metrics.label_values(name, label), expression
    for group in GROUPING.findall(expression):
        assert set(filter(None, group.split(", "))) <= known, expression


def test_every_metric_of_the_dashboard_is_there(metrics):
    for expression in dashboard_expressions():
        check_selectors(expression, metrics)


def test_every_metric_of_the_alerts_is_there(metrics):
    for expression in alert_expressions():
        check_selectors(expression, metrics)


def test_dashboards_expressions_parse(tmp_path):
    expressions = dashboard_expressions()
    assert not any("$" in expression for expression in expressions)
    check_expressions(expressions, tmp_path)


def test_dashboard_can_be_imported():
    dashboard = json.loads(DASHBOARD.read_text())
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert dashboard["uid"] and dashboard["title"] and dashboard["schemaVersion"] >= 36
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)


def test_dashboards_panels_do_not_overlap():
    taken = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_promtool_takes_the_alerts():
    status, output = promtool("check", "rules", ALERTS)
    assert status == 0, output
    assert f"{len(alert_expressions())} rules found" in output


def series(text, values):
    return {"series": text, "values": values}


@pytest.mark.parametrize("alert, minutes, inputs", [
    ("SkepDown", 3, [series('up{job="skep"}', "0x9")]),
    ("SkepStoreFailing", 2, [series("skep_store_failing", "1x9")]),
    ("SkepStoreBehind", 6, [series("skep_store_lag_seconds", "40x9")]),
    ("SkepKernelDrops", 9, [series("skep_udp_kernel_drops_total", "0+600x9")]),
    ("SkepLimitNear", 6, [series("skep_listed_peers", "95x9"),
                          series('skep_limit{resource="peers"}', "100x9")]),
    ("SkepCertificateExpires", 61, [series("skep_https_certificate_expiry_timestamp_seconds", "600000x70")]),
    ("SkepSweepStalled", 9, [series("skep_sweep_rounds_total", "7x9")]),
    ("SkepManyRefused", 25, [series('skep_announces_total{result="ok"}', "0+60x30"),
                             series('skep_announces_total{result="banned"}', "0+120x30")]),
    ("SkepClusterEngineFailing", 2, [series("skep_cluster_engine_failing", "1x9")]),
    ("SkepClusterNodeAway", 6, [series("skep_cluster_other_nodes", "2 2 1x9")]),
    ("SkepClusterIncomplete", 62, [series("skep_cluster_whole", "0x70")]),
])
def test_alert_fires(alert, minutes, inputs, tmp_path):
    assert fires(alert, minutes, inputs, tmp_path)


@pytest.mark.parametrize("alert, minutes, inputs", [
    ("SkepDown", 3, [series('up{job="skep"}', "1x9")]),
    ("SkepStoreFailing", 2, [series("skep_store_failing", "0x9")]),
    ("SkepLimitNear", 6, [series("skep_listed_peers", "89x9"),
                          series('skep_limit{resource="peers"}', "100x9")]),
    ("SkepCertificateExpires", 61, [series("skep_https_certificate_expiry_timestamp_seconds", "700000x70")]),
    ("SkepSweepStalled", 9, [series("skep_sweep_rounds_total", "0+6x9")]),
    ("SkepClusterEngineFailing", 9, [series("skep_cluster_engine_failing", "0x9")]),
    ("SkepClusterNodeAway", 9, [series("skep_cluster_other_nodes", "1 2x9")]),
    ("SkepClusterIncomplete", 59, [series("skep_cluster_whole", "0x70")]),
])
def test_alert_stays_silent(alert, minutes, inputs, tmp_path):
    assert not fires(alert, minutes, inputs, tmp_path)


def fires(alert, minutes, inputs, folder):
    """promtool tests that an alert does not fire."""
    test = {"rule_files": [str(ALERTS)], "evaluation_interval": "1m",
            "tests": [{"interval": "1m", "input_series": inputs,
                       "alert_rule_test": [{"eval_time": f"{minutes}m", "alertname": alert,
                                            "exp_alerts": []}]}]}
    file = folder / "test.json"
    file.write_text(json.dumps(test))
    status, output = promtool("test", "rules", file)
    assert status == 0 or "FAILED" in output and f"alertname: {alert}" in output, output
    return status != 0


def test_files_of_the_compose_example_exist_and_are_valid(tmp_path):
    folder = ROOT / "conf/container"
    text = (folder / "compose.yaml").read_text()
    version = re.search(r"^VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.M)[1]
    assert f"image: localhost/skep:{version}\n" in text
    mounted = re.findall(r"^ +- (\.\S*?):", text, re.M)
    assert len(mounted) == 5 and all((folder / path).is_file() for path in mounted)
    (tmp_path / "prometheus.yml").write_text((folder / "prometheus.yml").read_text())
    (tmp_path / "alerts.yml").write_text(ALERTS.read_text())
    status, output = promtool("check", "config", tmp_path / "prometheus.yml")
    assert status == 0, output
