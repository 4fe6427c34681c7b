//! Everything that runs: started in one order, stopped in the opposite one.

use std::time::Duration;

use untxt_core::lifecycle::Lifecycle;

use super::{
    UpArgs,
    account::Accounts,
    addresses::{answers, inner, reachable, refuse_busy_address},
    child::Supervised,
    folder::DataFolder,
    sandbox, say,
    setup::Setup,
};

/// How often certificates are looked at for renewal.
const CERTIFICATE_CHECK: Duration = Duration::from_secs(6 * 3600);

/// Everything that runs, in the order in which it was started.
#[derive(Default)]
pub(super) struct Platform {
    servers: Vec<Supervised>,
    processes: Vec<Supervised>,
}

impl Platform {
    /// Starts everything and watches it until the lifecycle stops.
    pub(super) async fn run(&mut self, args: &UpArgs, lifecycle: &Lifecycle) -> anyhow::Result<()> {
        refuse_busy_address(args.listen)?;
        let stop = lifecycle.stop_token();
        let accounts = Accounts::find()?;
        let data = DataFolder::open(&args.data)?;
        let setup = Setup::prepare(args, &data, &accounts)?;
        sandbox::check(&data.path("conf/worker.toml")).await?;
        tokio::select! {
            started = self.start(&setup, lifecycle) => started?,
            () = stop.cancelled() => return Ok(()),
        }
        setup.greet().await?;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(CERTIFICATE_CHECK) => {}
            }
            if setup.renew_certificates()? {
                say("certificates were renewed; starting the processes again with them");
                self.stop().await;
                self.start(&setup, lifecycle).await?;
            }
        }
        say("stopping…");
        Ok(())
    }

    async fn start(&mut self, setup: &Setup<'_>, lifecycle: &Lifecycle) -> anyhow::Result<()> {
        let postgres = setup.postgres();
        self.servers.push(postgres.start(lifecycle).await?);
        self.servers.push(setup.redis().start(lifecycle).await?);
        let store = setup.own_program("storage", "storage", None, lifecycle)?;
        self.servers.push(store);
        setup.migrate(&postgres).await?;
        if let Some(store) = self.servers.last_mut() {
            store.ready(Duration::from_secs(15), async || answers(inner(setup.ports.store)).await).await?;
        }
        for number in 1..=setup.workers {
            let name = format!("worker-{number}");
            self.processes.push(setup.own_program("worker", &name, setup.monitor(number), lifecycle)?);
        }
        let mut backend = setup.own_program("backend", "backend", setup.monitor(0), lifecycle)?;
        let ready = backend.ready(Duration::from_secs(30), async || answers(reachable(setup.args.listen)).await).await;
        self.processes.push(backend);
        ready
    }

    /// Stops backend and workers together, then the servers they use, last started first.
    pub(super) async fn stop(&mut self) {
        futures::future::join_all(self.processes.drain(..).map(Supervised::stop)).await;
        while let Some(server) = self.servers.pop() {
            server.stop().await;
        }
    }
}
