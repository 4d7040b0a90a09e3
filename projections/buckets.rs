//! Many clusters in few groups, so that leaving groups out in turn costs no more the more clusters there are.

/// Clusters are left out one by one up to so many; more of them share that many buckets.
pub(crate) const BUCKETS: usize = 64;

/// The bucket of a cluster, which depends on its name alone.
pub(crate) fn bucket(cluster: &str) -> usize {
    usize::from(blake3::hash(cluster.as_bytes()).as_bytes()[0]) % BUCKETS
}
