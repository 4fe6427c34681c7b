//! What Prometheus sees of a worker, and who may see it.

use std::{net::SocketAddr, path::PathBuf};

use tokio::process::Command;
use untxt_core::{
    config::Monitoring,
    domain::TaskState,
    monitoring::{METRICS, ProbeError, probe},
};

use crate::{
    house::House,
    pages::{tiff_of, width},
};

fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn monitoring(house: &House) -> Monitoring {
    let at = |name: &str| house.postgres.certificates().join(name);
    Monitoring {
        bind: Some(free_address()),
        cert_path: at("monitoring.crt"),
        key_path: at("monitoring.key"),
        client_ca_path: at("monitors.pem"),
        probe_ca_path: at("root.crt"),
        probe_cert_path: at("monitor.crt"),
        probe_key_path: at("monitor.key"),
    }
}

/// Asks as Prometheus would, with another TLS library than ours.
async fn curl(address: SocketAddr, path: &str, house: &House, client: Option<&str>) -> Option<String> {
    let at = |name: &str| house.postgres.certificates().join(name).to_string_lossy().into_owned();
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "10", "--cacert", &at("root.crt")]);
    if let Some(client) = client {
        curl.args(["--cert", &at(&format!("{client}.crt")), "--key", &at(&format!("{client}.key"))]);
    }
    curl.args(["--connect-to", &format!("monitoring:443:{address}"), &format!("https://monitoring{path}")]);
    let answer = curl.output().await.expect("curl");
    answer.status.success().then(|| String::from_utf8(answer.stdout).expect("text"))
}

/// Sums the samples of a metric that have all these labels.
fn value(metrics: &str, name: &str, labels: &[&str]) -> f64 {
    let of_name = metrics.lines().filter(|line| line.starts_with(name) && !line.starts_with('#'));
    let wanted = of_name.filter(|line| labels.iter().all(|label| line.contains(label)));
    wanted.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[tokio::test]
async fn prometheus_sees_pages_and_readers_and_nobody_else_sees_anything() {
    let mut house = House::build().await;
    let monitoring = monitoring(&house);
    let address = monitoring.bind.expect("an address");
    house.monitoring = Some(monitoring.clone());
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::GOOD, width::PANICS, width::GOOD])).await;
    assert_eq!(house.end_of(upload.task).await.state, TaskState::DoneWithErrors);

    probe(&monitoring, address).await.expect("ready");
    let metrics = curl(address, "/metrics", &house, Some("monitor")).await.expect("metrics");
    assert!(value(&metrics, "untxt_pages_settled_total", &["outcome=\"done\""]) >= 2.0);
    assert!(value(&metrics, "untxt_children_broken_total", &["code=\"crashed\""]) >= 1.0);
    assert!(value(&metrics, "untxt_page_seconds_count", &["stage=\"read\""]) >= 2.0);
    assert!(value(&metrics, "untxt_tasks_ended_total", &["state=\"done_with_errors\""]) >= 1.0);
    assert!(value(&metrics, "untxt_build_info", &["version="]) >= 1.0);
    assert!(metrics.contains("process_resident_memory_bytes"));
    for id in [upload.task.to_string(), upload.document.to_string()] {
        assert!(!metrics.contains(&id), "no label carries an id");
    }
    let known = |line: &str| METRICS.iter().any(|metric| line.starts_with(metric.name)) || line.starts_with("process_");
    for line in metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        assert!(known(line), "{line}");
    }

    for client in [None, Some("backend"), Some("redis-worker"), Some("monitoring")] {
        assert_eq!(curl(address, "/metrics", &house, client).await, None, "{client:?}");
    }
    worker.stop().await;
    assert!(matches!(probe(&monitoring, address).await, Err(ProbeError::Away { .. })));
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/grafana/untxt.json");
    let dashboard = std::fs::read_to_string(path).expect("the dashboard");
    let names = dashboard.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let mut asked = 0;
    for name in names.filter(|name| name.starts_with("untxt_")) {
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(METRICS.iter().any(|metric| metric.name == name), "{name}");
        asked += 1;
    }
    assert!(asked > 10, "it asks for {asked}");
}

#[test]
fn the_alarms_ask_for_metrics_that_there_are() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/prometheus/untxt.yml");
    let rules = std::fs::read_to_string(path).expect("the rules");
    let asked = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let names = asked.flat_map(|line| line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_'));
    let names: Vec<_> = names.filter(|name| name.starts_with("untxt_")).collect();
    assert!(names.contains(&"untxt_receipts_waiting"), "{names:?}");
    for name in names {
        assert!(METRICS.iter().any(|metric| metric.name == name), "{name}");
    }
}
