//! The id of the container that this process runs in, where the kernel shows it.

use std::fs;

/// The id, 64 hexadecimal digits; `None` outside of containers and where it is hidden.
pub(super) fn id() -> Option<String> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    // The first file has the id with cgroups v1, the second one with cgroups v2.
    in_cgroups(&read("/proc/self/cgroup")).or_else(|| in_mounts(&read("/proc/self/mountinfo")))
}

/// Our own control group is named for the container: `…/docker-<id>.scope`, `…/<id>`, `…:cri-containerd:<id>`.
fn in_cgroups(text: &str) -> Option<String> {
    text.lines().find_map(|line| last_id(line.rsplit('/').next()?))
}

/// The runtime mounts files of its own into the container, `…/containers/<id>/hostname` or `…/<id>/userdata/hostname`.
fn in_mounts(text: &str) -> Option<String> {
    let ours = |line: &&str| line.contains("/hostname ") && line.contains("container");
    text.lines().filter(ours).find_map(|line| line.split([' ', '/']).rev().find_map(whole_id))
}

/// The last id in a name with other parts.
fn last_id(name: &str) -> Option<String> {
    name.split(|letter: char| !letter.is_ascii_alphanumeric()).rev().find_map(whole_id)
}

fn whole_id(word: &str) -> Option<String> {
    let is_id = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_id.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{in_cgroups, in_mounts};

    const ID: &str = "3f2a9c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f809";

    #[test]
    fn a_control_group_names_the_container() {
        let table = [
            format!("0::/system.slice/docker-{ID}.scope"),
            format!("12:cpu:/kubepods/burstable/pod1/{ID}\n"),
            format!("1:name=systemd:/kubepods.slice/cri-containerd-{ID}.scope"),
            format!("0::/kubepods-pod1.slice:cri-containerd:{ID}"),
        ];
        for text in table {
            assert_eq!(in_cgroups(&text).as_deref(), Some(ID), "{text}");
        }
        assert_eq!(in_cgroups("0::/\n1:cpu:/user.slice/session-1.scope"), None);
    }

    #[test]
    fn a_mount_names_the_container() {
        let docker = format!("678 655 254:1 /docker/containers/{ID}/hostname /etc/hostname rw - ext4 /dev/vda1 rw");
        let podman =
            format!("99 1 0:1 /run/containers/storage/overlay-containers/{ID}/userdata/hostname /etc/hostname rw");
        for text in [docker, podman] {
            assert_eq!(in_mounts(&text).as_deref(), Some(ID), "{text}");
        }
        assert_eq!(in_mounts("22 1 254:1 / / rw - ext4 /dev/vda1 rw"), None);
    }
}
