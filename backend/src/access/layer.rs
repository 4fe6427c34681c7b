use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::ALLOW, request::Parts};
use tokio::time::Instant;
use untxt_core::domain::Role;

use super::{
    Operation, Who,
    gate::Gate,
    line::Line,
    object::object_of,
    proxies::ClientAddress,
    quota::{Taken, Verdict, Whose},
};
use crate::{
    problem::ApiError,
    session::{self, Actor, Via},
};

/// Lets a request through to its handler if whoever sent it may, and has what was done on record before they learn of it.
pub(crate) async fn guard(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    // Only the pages of the front end are at no route.
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else { return next.run(request).await };
    let operation = match gate.find(request.method(), path.as_str()) {
        Ok(operation) => operation,
        Err(allow) => return refuse_method(&allow),
    };
    let (mut parts, body) = request.into_parts();
    let address = gate.proxies.address_of(&parts);
    parts.extensions.insert(ClientAddress(address));
    let object = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(params) => object_of(operation, &params),
        Err(_) => None,
    };
    let mut line = Line::begin(Arc::clone(&gate.app), operation, &parts, address, object);
    let presented = session::presented(&gate.app, &parts.headers);
    let taken = gate.quotas.take(Whose::of(presented.map(|actor| actor.user), address), operation.cost, Instant::now());
    let answer = match gate.admit(operation, &parts, presented, taken, &mut line).await {
        Ok(()) => next.run(let_in(parts, body, presented, operation)).await,
        Err(error) => error.into_response(),
    };
    let mut answer = line.end(answer).await;
    if let Some(taken) = taken {
        taken.tell(answer.headers_mut());
    }
    answer
}

/// Only who was let in stands in the request; the handler sees nobody else.
fn let_in(mut parts: Parts, body: Body, presented: Option<Actor>, operation: &Operation) -> Request {
    if let (Some(actor), Who::Roles(..)) = (presented, operation.who) {
        parts.extensions.insert(actor);
    }
    Request::from_parts(parts, body)
}

impl Gate {
    /// Decides, the cheapest questions first.
    async fn admit(
        &self,
        operation: &Operation,
        parts: &Parts,
        presented: Option<Actor>,
        taken: Option<Taken>,
        line: &mut Line,
    ) -> Result<(), ApiError> {
        if let Some(taken) = taken.filter(|taken| taken.verdict != Verdict::Good) {
            line.be_silent_if(taken.verdict == Verdict::RefusedAgain);
            return Err(ApiError::TooManyRequests { retry_after: taken.wait });
        }
        if !self.app.site.may_ask(&parts.headers, operation.is_safe()) {
            return Err(ApiError::WrongOrigin);
        }
        let Who::Roles(roles, scope) = operation.who else { return Ok(()) };
        let actor = presented.ok_or(ApiError::NotLoggedIn)?;
        let role = self.role_of(&actor).await?;
        line.is_by(&actor);
        if !roles.contains(&role) {
            return Err(ApiError::NotAllowed);
        }
        match actor.via {
            Via::Session(_) => Ok(()),
            Via::Token { scopes, .. } if scope.is_some_and(|scope| scopes.has(scope)) => Ok(()),
            Via::Token { .. } => Err(ApiError::ScopeMissing),
        }
    }

    /// Asks the database who that is today, and whether the login or token is still good.
    async fn role_of(&self, actor: &Actor) -> Result<Role, ApiError> {
        let Via::Session(session) = actor.via else { return Err(ApiError::NotLoggedIn) };
        let role = self.app.db.role_in_session(actor.user, session, self.app.logins.idle).await?;
        role.ok_or(ApiError::NotLoggedIn)
    }
}

fn refuse_method(allow: &str) -> Response {
    let mut answer = ApiError::Framework(StatusCode::METHOD_NOT_ALLOWED).into_response();
    answer.headers_mut().extend(HeaderValue::try_from(allow).map(|value| (ALLOW, value)));
    answer
}
