//! The policies that operators copy give no more than is used.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

fn policy(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kms").join(name);
    let text = fs::read_to_string(&path).expect("a policy");
    assert!(!text.contains('*'), "{name} has a wildcard");
    serde_json::from_str(&text).expect("JSON")
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text")).collect()
}

#[test]
fn aws_roles_may_use_one_key_for_our_purposes_only() {
    for (name, actions, purposes) in [
        ("aws.runtime.json", &["kms:GenerateDataKey", "kms:Decrypt"][..], &["owner-key", "check"][..]),
        ("aws.rewrap.json", &["kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"], &["owner-key", "check"]),
        ("aws.backup.json", &["kms:Encrypt", "kms:Decrypt"], &["backup", "owner-key"]),
    ] {
        let policy = policy(name);
        for statement in policy["Statement"].as_array().expect("statements") {
            assert_eq!(texts(&statement["Action"]), actions.iter().copied().collect(), "{name}");
            assert!(statement["Resource"].as_str().is_some_and(|key| key.contains(":key/")), "{name}");
            let context = &statement["Condition"]["StringEquals"]["kms:EncryptionContext:untxt:purpose"];
            assert_eq!(texts(context), purposes.iter().copied().collect(), "{name}");
        }
    }
}

#[test]
fn who_looks_after_an_aws_key_cannot_use_it() {
    let policy = policy("aws.administration.json");
    let uses = ["Encrypt", "Decrypt", "ReEncrypt", "Generate", "Sign", "CreateGrant"];
    for action in texts(&policy["Statement"][0]["Action"]) {
        let verb = action.strip_prefix("kms:").expect("an action of KMS");
        assert!(!uses.iter().any(|used| verb.starts_with(used)), "{action}");
    }
}

#[test]
fn the_other_roles_wrap_and_unwrap_and_no_more() {
    let azure = policy("azure.runtime.json");
    let verbs: BTreeSet<_> =
        texts(&azure["DataActions"]).into_iter().filter_map(|action| action.split("/keys/").nth(1)).collect();
    assert_eq!(verbs, BTreeSet::from(["read", "wrap/action", "unwrap/action"]));
    assert_eq!(texts(&azure["Actions"]).len(), 0);
    let gcp = policy("gcp.runtime.json");
    let used = ["cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms.cryptoKeyVersions.useToDecrypt"];
    assert_eq!(texts(&gcp["includedPermissions"]), BTreeSet::from(used));
    let vault = policy("vault.runtime.json");
    let paths = vault["path"].as_object().expect("paths");
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["transit/decrypt/untxt", "transit/encrypt/untxt"]);
    for (path, rule) in paths {
        assert_eq!(texts(&rule["capabilities"]), BTreeSet::from(["update"]), "{path}");
        assert!(texts(&rule["required_parameters"]).contains("associated_data"), "{path}");
    }
}
