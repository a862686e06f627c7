//! The real Helm, run as the user says: without plugins, network, cluster or any of its settings.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Request;
use crate::host::Host;
use crate::program::Program;
use crate::render::helm::{Real, RealTemplate};

/// The slowest chart at hand takes two seconds.
const TIMEOUT: Duration = Duration::from_secs(30);
/// In bytes.
const LIMIT: u64 = 64 << 20;
/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";

pub(super) struct RealHelm<'h> {
    host: &'h dyn Host,
    program: PathBuf,
}

impl<'h> RealHelm<'h> {
    /// The one that the request names.
    pub(super) fn of(host: &'h dyn Host, request: &Request) -> Option<Self> {
        let program = request.helm.as_ref()?;
        let bare = program.parent() == Some(Path::new(""));
        let program = if bare { program.clone() } else { host.current_dir().join(program) };
        Some(Self { host, program })
    }
}

impl fmt::Debug for RealHelm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealHelm").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Real for RealHelm<'_> {
    fn template(&self, run: &RealTemplate) -> Result<String, String> {
        let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
        let env = proxies.map(|name| (name.to_owned(), NOWHERE.to_owned())).to_vec();
        let homes = [
            "HOME",
            "HELM_PLUGINS",
            "HELM_DATA_HOME",
            "HELM_CONFIG_HOME",
            "HELM_CACHE_HOME",
            "TMPDIR",
        ];
        let program = Program {
            program: self.program.clone(),
            args: run.args.clone(),
            env,
            homes: homes.map(str::to_owned).to_vec(),
            files: run.files.clone(),
            timeout: TIMEOUT,
            limit: LIMIT,
        };
        let name = self.program.display();
        let ran = self.host.run(&program).map_err(|error| format!("`{name}`: {error}"))?;
        if !ran.success {
            let said = String::from_utf8_lossy(&ran.stderr);
            let line =
                said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
            return Err(line.trim().to_owned());
        }
        String::from_utf8(ran.stdout).map_err(|_| "it prints no UTF-8".to_owned())
    }
}
