//! Who is bound to which role.

use kubeready_manifest::kube::{Kind, Object};
use kubeready_manifest::yaml::NodeRef;

use rustc_hash::FxHashSet;

use super::{Index, Lookup, Wanted};

/// Bindings by the role they name, and the accounts that some binding names.
#[derive(Debug, Default)]
pub(super) struct Access<'t> {
    bindings: Lookup<(Kind, &'t str, &'t str), Vec<Object<'t>>>,
    /// Namespace and name; an empty name stands for every account of the namespace, two empty
    /// texts for every account there is.
    accounts: Lookup<((), &'t str, &'t str), ()>,
    /// Names of bound accounts, wherever they are.
    names: FxHashSet<&'t str>,
    /// Those whose namespace a renderer has still to write.
    open: FxHashSet<&'t str>,
}

impl<'t> Access<'t> {
    pub(super) fn build(index: &Index<'t>) -> Self {
        let mut access = Self::default();
        for kind in [Kind::RoleBinding, Kind::ClusterRoleBinding] {
            for &binding in index.objects(kind) {
                access.add(binding, index.is_namespace_open(binding));
            }
        }
        access
    }

    fn add(&mut self, binding: Object<'t>, open: bool) {
        let name = binding.path("roleRef.name").map_or("", NodeRef::text);
        let role = match binding.root().str_at("roleRef.kind") {
            Some("ClusterRole") => Some((Kind::ClusterRole, "", name)),
            Some("Role") => Some((Kind::Role, binding.namespace_key(), name)),
            _ => None,
        };
        if let Some(role) = role {
            self.bindings.entry(role).or_default().push(binding);
        }
        for subject in binding.root().items_at("subjects") {
            if let Some((namespace, name)) = account(binding, subject) {
                self.accounts.insert(((), namespace, name), ());
                self.names.insert(name);
                if open && subject.get("namespace").is_none() {
                    self.open.insert(name);
                }
            }
        }
    }

    pub(super) fn bindings_of(&self, role: Object<'_>) -> &[Object<'t>] {
        let wanted = Wanted((role.kind(), role.namespace_key(), role.name()));
        self.bindings.get(&wanted).map_or(&[], Vec::as_slice)
    }

    /// Whether an account may turn out to be bound once namespaces are written. `default` is an
    /// account of every namespace, and says nothing.
    pub(super) fn may_be_bound(&self, name: &str, open: bool) -> bool {
        name != "default" && (self.open.contains(name) || open && self.names.contains(name))
    }

    pub(super) fn is_bound(&self, namespace: &str, name: &str) -> bool {
        [(namespace, name), (namespace, ""), ("", "")]
            .into_iter()
            .any(|(namespace, name)| self.accounts.contains_key(&Wanted(((), namespace, name))))
    }
}

/// The account, or the accounts, that a subject of a binding stands for.
fn account<'t>(binding: Object<'t>, subject: NodeRef<'t>) -> Option<(&'t str, &'t str)> {
    let name = subject.get("name")?.text();
    match subject.str_at("kind")? {
        "ServiceAccount" => {
            let written = subject.get("namespace").map(NodeRef::text);
            Some((written.unwrap_or(binding.namespace_key()), name))
        }
        "User" => name.strip_prefix("system:serviceaccount:")?.split_once(':'),
        "Group" if name == "system:serviceaccounts" => Some(("", "")),
        "Group" => Some((name.strip_prefix("system:serviceaccounts:")?, "")),
        _ => None,
    }
}
