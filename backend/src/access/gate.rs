use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use http::Method;
use utoipa::openapi::OpenApi;

use super::{Operation, proxies::Proxies, quota::Quotas};
use crate::{App, Error};

/// What the layer knows when the server starts.
pub(crate) struct Gate {
    pub(super) app: Arc<App>,
    pub(super) proxies: Proxies,
    pub(super) quotas: Quotas,
    operations: HashMap<&'static str, Vec<&'static Operation>>,
}

impl Gate {
    /// Takes the table, if it has exactly the routes that there are.
    pub(crate) fn new(app: Arc<App>, table: &'static [Operation], routes: &OpenApi) -> Result<Self, Error> {
        refuse_unlisted(table, routes)?;
        let mut operations = HashMap::<_, Vec<_>>::new();
        for operation in table {
            operations.entry(operation.path).or_default().push(operation);
        }
        let (proxies, quotas) = (app.proxies.clone(), Quotas::new(&app.limits));
        Ok(Self { app, proxies, quotas, operations })
    }

    /// Finds the row of a request; otherwise says what may be asked for at this address.
    pub(super) fn find(&self, method: &Method, path: &str) -> Result<&'static Operation, String> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let here = self.operations.get(path).map_or(&[][..], Vec::as_slice);
        here.iter().find(|operation| operation.method == *method).copied().ok_or_else(|| allow(here))
    }
}

/// Writes the methods as the router does.
fn allow(here: &[&Operation]) -> String {
    let names = here.iter().map(|operation| match operation.method {
        Method::GET => "GET,HEAD",
        ref other => other.as_str(),
    });
    names.collect::<Vec<_>>().join(",")
}

/// Compares the table with the routes, both ways.
pub(crate) fn refuse_unlisted(table: &[Operation], routes: &OpenApi) -> Result<(), Error> {
    let rows: BTreeSet<_> = table.iter().map(|row| (row.path.to_owned(), row.method.to_string())).collect();
    let routes: BTreeSet<_> = routes
        .paths
        .paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = [
                (&item.get, Method::GET),
                (&item.put, Method::PUT),
                (&item.post, Method::POST),
                (&item.delete, Method::DELETE),
                (&item.patch, Method::PATCH),
                (&item.head, Method::HEAD),
                (&item.options, Method::OPTIONS),
                (&item.trace, Method::TRACE),
            ];
            let there = methods.into_iter().filter(|(operation, _)| operation.is_some());
            there.map(move |(_, method)| (path.clone(), method.to_string()))
        })
        .collect();
    if rows.len() < table.len() {
        return Err(Error::Operations("a row is there twice".to_owned()));
    }
    match rows.symmetric_difference(&routes).next() {
        None => Ok(()),
        Some(one @ (path, method)) if rows.contains(one) => {
            Err(Error::Operations(format!("nothing is at {method} {path}")))
        }
        Some((path, method)) => Err(Error::Operations(format!("{method} {path} has no row"))),
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("operations", &self.operations.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::OPERATIONS;

    #[test]
    fn a_route_without_a_row_and_a_row_without_a_route_keep_the_server_from_starting() {
        let mut routes = crate::router::describe();
        refuse_unlisted(OPERATIONS, &routes).expect("the table is that of the routes");
        let without = &OPERATIONS[1..];
        let refused = refuse_unlisted(without, &routes).expect_err("a route without a row").to_string();
        assert!(refused.contains("GET /health has no row"), "{refused}");
        routes.paths.paths.remove("/api/v1/trash");
        let refused = refuse_unlisted(OPERATIONS, &routes).expect_err("a row without a route").to_string();
        assert!(refused.contains("nothing is at DELETE /api/v1/trash"), "{refused}");
    }

    #[test]
    fn every_code_of_the_table_is_known() {
        for row in OPERATIONS {
            for code in row.problems.iter().copied().flatten() {
                assert!(crate::problem::status_of(code).is_some(), "{} {code}", row.path);
            }
        }
    }

    #[test]
    fn no_route_is_open_by_the_way() {
        let open = OPERATIONS.iter().filter(|row| matches!(row.who, crate::access::Who::Anybody));
        let open: Vec<_> = open.map(|row| format!("{} {}", row.method, row.path)).collect();
        assert_eq!(
            open,
            [
                "GET /health",
                "GET /api/v1/limits",
                "POST /api/v1/session",
                "POST /api/v1/session/second-factor",
                "POST /api/v1/session/passkey/begin",
                "POST /api/v1/session/passkey",
                "DELETE /api/v1/session",
                "POST /api/v1/session/refresh",
                "POST /api/v1/invitations/accept",
                "POST /api/v1/password-resets",
                "POST /api/v1/password-resets/confirm",
                "POST /api/v1/oidc/{provider}",
                "POST /api/v1/oidc/{provider}/finish",
                "POST /api/v1/links/open",
            ]
        );
    }
}
