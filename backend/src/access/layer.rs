use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, COOKIE},
    request::Parts,
};
use tokio::time::Instant;
use untxt_core::domain::{Role, UserId};
use untxt_database::second_factors;

use super::{
    Operation, Who,
    gate::Gate,
    line::Line,
    object::object_of,
    presented::Presented,
    proxies::ClientAddress,
    quota::{Taken, Verdict, Whose},
};
use crate::{
    emergency::mark,
    links::Visitor,
    problem::ApiError,
    session::{Actor, Via, needs_enrolled},
    tokens,
};

/// Who was let in.
enum Admitted {
    /// Nobody was asked who they are.
    Anybody,
    Person(Actor, Role),
    Visitor(Visitor),
}

/// Lets a request through to its handler if whoever sent it may, and has what was done on record before they learn of it.
pub(crate) async fn guard(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    // Only the pages of the front end are at no route.
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else { return next.run(request).await };
    let operation = match gate.find(request.method(), path.as_str()) {
        Ok(operation) => operation,
        Err(allow) => return refuse_method(&allow),
    };
    let began = Instant::now();
    let (mut parts, body) = request.into_parts();
    let address = gate.proxies.address_of(&parts);
    parts.extensions.insert(ClientAddress(address));
    let object = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(params) => object_of(operation, &params),
        Err(_) => None,
    };
    let mut line = Line::begin(Arc::clone(&gate.app), operation, &parts, address, object);
    let presented = Presented::read(&gate.app, &parts.headers).await;
    if tokens::is_brought(&parts.headers) {
        // Nobody down there may take them for a login.
        parts.headers.remove(COOKIE);
    }
    let person = presented.as_ref().ok().and_then(|presented| Some(presented.as_ref()?.actor.user));
    let taken = gate.quotas.take(Whose::of(person, address), operation.cost, Instant::now());
    let answer = match gate.admit(operation, &parts, presented, taken, &mut line).await {
        Ok(Admitted::Person(actor, role)) if operation.is_safe() => {
            let answer = next.run(let_in(parts, body, Admitted::Person(actor, role))).await;
            mark(&gate.app, (&actor, role), object, began, answer).await
        }
        Ok(admitted) => next.run(let_in(parts, body, admitted)).await,
        Err(error) => error.into_response(),
    };
    let mut answer = line.end(answer).await;
    if let Some(taken) = taken {
        taken.tell(answer.headers_mut());
    }
    answer
}

/// Only who was let in stands in the request; the handler sees nobody else.
fn let_in(mut parts: Parts, body: Body, admitted: Admitted) -> Request {
    match admitted {
        Admitted::Anybody => {}
        Admitted::Person(actor, _) => drop(parts.extensions.insert(actor)),
        Admitted::Visitor(visitor) => drop(parts.extensions.insert(visitor)),
    }
    Request::from_parts(parts, body)
}

impl Gate {
    /// Decides, the cheapest questions first, and gives who was let in.
    async fn admit(
        &self,
        operation: &Operation,
        parts: &Parts,
        presented: Result<Option<Presented>, ApiError>,
        taken: Option<Taken>,
        line: &mut Line,
    ) -> Result<Admitted, ApiError> {
        if let Some(taken) = taken.filter(|taken| taken.verdict != Verdict::Good) {
            line.be_silent_if(taken.verdict == Verdict::RefusedAgain);
            return Err(ApiError::TooManyRequests { retry_after: taken.wait });
        }
        if !self.app.site.may_ask(&parts.headers, operation.is_safe()) {
            return Err(ApiError::WrongOrigin);
        }
        let (roles, scope) = match operation.who {
            Who::Anybody => return Ok(Admitted::Anybody),
            Who::Visitors => {
                let visitor = Visitor::find(&self.app, &parts.headers).await?.ok_or(ApiError::PublicLinkNotGood)?;
                line.is_by_visitor(&visitor);
                return Ok(Admitted::Visitor(visitor));
            }
            Who::Roles(roles, scope) => (roles, scope),
        };
        let presented = presented?.ok_or(ApiError::NotLoggedIn)?;
        let role = self.role_of(&presented).await?;
        line.is_by(&presented.actor);
        if !roles.contains(&role) {
            return Err(ApiError::NotAllowed);
        }
        let has_scope = match presented.actor.via {
            Via::Session(_) => true,
            Via::Token { scopes, .. } => scope.is_some_and(|scope| scopes.has(scope)),
        };
        if !has_scope {
            return Err(ApiError::ScopeMissing);
        }
        if needs_enrolled(operation.path) && self.is_unenrolled(presented.actor.user, role).await? {
            return Err(ApiError::SecondFactorNeeded);
        }
        Ok(Admitted::Person(presented.actor, role))
    }

    /// Asks the database who that is today, and whether the login is still good.
    async fn role_of(&self, Presented { actor, role }: &Presented) -> Result<Role, ApiError> {
        match actor.via {
            Via::Session(session) => {
                let role = self.app.db.role_in_session(actor.user, session, self.app.logins.idle).await?;
                role.ok_or(ApiError::NotLoggedIn)
            }
            Via::Token { .. } => role.ok_or(ApiError::NotLoggedIn),
        }
    }

    /// Says whether somebody has no second factor although the rules of this server ask for one.
    async fn is_unenrolled(&self, user: UserId, role: Role) -> Result<bool, ApiError> {
        if !self.app.logins.second_factor.is_for(role) {
            return Ok(false);
        }
        let mut tx = self.app.db.begin_as(user).await?;
        Ok(!second_factors::is_confirmed(&mut tx, user).await?)
    }
}

fn refuse_method(allow: &str) -> Response {
    let mut answer = ApiError::Framework(StatusCode::METHOD_NOT_ALLOWED).into_response();
    answer.headers_mut().extend(HeaderValue::try_from(allow).map(|value| (ALLOW, value)));
    answer
}
