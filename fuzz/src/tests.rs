//! The targets hold on a few inputs, and inputs mean what they are meant to.

use std::path::Path;

use arbitrary::Unstructured;
use kubeready::load::World;
use kubeready::render::kustomize::Kustomize;

use crate::repository::{halves, unpacked};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'a:1'}]}\n";

#[test]
fn an_archive_of_text_becomes_files() {
    let host = unpacked(b"-- a/b.yaml --\na: 1\n-- ../c --\n-- a --\nx").expect("an archive");
    let files: Vec<_> =
        host.files.iter().map(|(path, text)| (path.as_path(), text.as_slice())).collect();
    assert_eq!(files, [(Path::new("/../c"), &b""[..]), (Path::new("/a/b.yaml"), b"a: 1\n")]);
    assert!(unpacked(POD.as_bytes()).is_none());
    assert_eq!(halves(b"a\n%%%\nb"), (&b"a\n"[..], &b"b"[..]));
}

#[test]
fn every_target_takes_everything() {
    let chart =
        "-- c/Chart.yaml --\napiVersion: v2\nname: c\nversion: 1.0.0\n-- c/templates/a.yaml --\n";
    let inputs = [
        String::new(),
        POD.to_owned(),
        format!("-- a.yaml --\n{POD}-- kustomization.yaml --\nresources: [a.yaml]\n"),
        format!("{POD}\n%%%\n- {{op: copy, from: /spec, path: /x}}\n"),
        format!("{POD}\n%%%\nkubeready: ignore-file[ALL] because\n"),
        format!("{chart}{POD}"),
        "a: 1\n\n%%%\nkind: {{ .Values.a | quote }}\n".to_owned(),
        "profile: production\nignore: [naked-pod]\n".to_owned(),
    ];
    for input in &inputs {
        let bytes = input.as_bytes();
        crate::check(bytes);
        crate::tape(bytes);
        crate::settings(bytes);
        crate::kustomization(bytes);
        crate::templates(bytes);
        crate::suppressions(bytes);
        crate::patches(bytes);
    }
}

/// A generator whose trees are all refused would find nothing.
#[test]
fn some_trees_that_are_grown_render() {
    let mut rendering = 0;
    let mut state = 1_u64;
    for _ in 0..200 {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        })
        .take(600)
        .collect();
        let files = crate::layers::layers(&mut Unstructured::new(&bytes)).expect("files");
        let files = files.into_iter().map(|(path, text)| (path.into(), text.into_bytes()));
        let host = crate::repository::host(files);
        let loaded = crate::rendered::read(&host);
        let world = World::new(Path::new("/"), &loaded);
        let kustomize = Kustomize::new(&world);
        let roots = loaded.iter().filter_map(|file| file.input.path.parent());
        let renders = |root| !kustomize.build(root, None).resources.is_empty();
        rendering += usize::from(roots.into_iter().any(renders));
    }
    assert!(rendering > 50, "{rendering} of 200 trees render to anything");
}
