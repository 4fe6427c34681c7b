use std::{sync::Arc, time::Duration};

use untxt_core::{
    config::{self, Settings},
    lifecycle::Lifecycle,
    monitoring, tls,
};

use crate::{
    App, Error, Services, live,
    monitor::Monitored,
    redirect, router,
    server::{Bound, load_certificate},
};

/// How long sockets may take to say good-bye; they were told at the same moment as the server.
const SOCKET_GRACE: Duration = Duration::from_secs(5);

/// Runs the backend until the lifecycle stops: sockets are closed with 1001, running requests get ten seconds.
///
/// # Errors
/// When an address is busy, a certificate is unusable, the database does not answer at start, or the bucket is another
/// installation's.
pub async fn run(settings: Settings, lifecycle: &Lifecycle) -> Result<(), Error> {
    tls::install_provider();
    let listening = Listening::bind(&settings.server)?;
    let services = Services::connect(&settings).await?;
    let bucket = services.refuse_foreign_bucket(lifecycle).await?;
    let app = Arc::new(App::new(&settings, services, lifecycle)?);
    let monitored = Arc::new(Monitored(Arc::clone(&app)));
    monitoring::start(&settings.monitoring, monitored, lifecycle).await.map_err(Error::Monitoring)?;
    listening.serve(&settings.server, app).await?;
    bucket.verdict()
}

/// Serves an app that was put together elsewhere, as [`run`] does.
///
/// # Errors
/// As [`run`].
pub async fn serve(server: &config::Server, app: Arc<App>) -> Result<(), Error> {
    Listening::bind(server)?.serve(server, app).await
}

struct Listening {
    https: Bound,
    plain: Option<Bound>,
}

impl Listening {
    fn bind(server: &config::Server) -> Result<Self, Error> {
        let https = Bound::to("server.bind", server.bind)?;
        let plain = server.redirect_bind.map(|address| Bound::to("server.redirect_bind", address)).transpose()?;
        Ok(Self { https, plain })
    }

    async fn serve(self, server: &config::Server, app: Arc<App>) -> Result<(), Error> {
        let (certificate, router) = (load_certificate(server)?, router(Arc::clone(&app))?);
        let stop = app.lifecycle.stop_token();
        if let Some(plain) = self.plain {
            let serving = plain.serve_plain(redirect::router(app.site.clone()), stop.clone());
            app.lifecycle.spawn(async move {
                if let Err(error) = serving.await {
                    tracing::error!(%error, "the plain port that redirects to HTTPS has stopped");
                }
            });
        }
        app.keys.forget_in_time(&app.lifecycle);
        app.lifecycle.spawn(live::feed(Arc::clone(&app)));
        app.lifecycle.spawn(live::tell_places(Arc::clone(&app)));
        let address = self.https.address().map_err(Error::Serve)?;
        tracing::info!(server.address = %address, server.public_url = %server.public_url, "backend is ready");
        self.https.serve_tls(certificate, router, stop).await.map_err(Error::Serve)?;
        app.hub.sockets().close();
        if tokio::time::timeout(SOCKET_GRACE, app.hub.sockets().wait()).await.is_err() {
            tracing::warn!("some sockets did not close in time");
        }
        Ok(())
    }
}
