//! The estimators by name, each with what it assumes and where it is from.

use serde::Serialize;

/// One estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Method {
    /// Its name in machine output.
    pub name: &'static str,
    /// What it gives.
    pub title: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// What it assumes.
    pub assumes: &'static str,
}

/// Every estimator that a comparison names.
pub const METHODS: &[Method] = &[
    Method {
        name: "wilson",
        title: "Wilson score interval of a proportion",
        source: "Wilson 1927, JASA 22:209; Newcombe 1998, Stat Med 17:857",
        assumes: "independent consultations",
    },
    Method {
        name: "wilson_rao_scott_t",
        title: "Wilson score interval of a proportion on the effective sample of clustered consultations",
        source: "Rao & Scott 1992, Biometrics 48:577; Donner & Klar 2000",
        assumes: "independent clusters; t with one degree of freedom less than clusters; a design effect of at \
                  least 1, an intra-cluster correlation of 0.05 where it cannot be estimated; where clusters \
                  are of very unequal size, at least the design effect that is planned with",
    },
    Method {
        name: "newcombe",
        title: "Hybrid score interval of a difference of two proportions",
        source: "Newcombe 1998, Stat Med 17:873 (method 10)",
        assumes: "independent consultations and arms",
    },
    Method {
        name: "paired_clusters_t",
        title: "Difference of two proportions over clusters that used both platforms",
        source: "linearisation as in Binder 1983, Int Stat Rev 51:279; Donner & Klar 2000",
        assumes: "independent clusters; t with one degree of freedom less than the clusters of the smaller arm, \
                  or than its effective number where they are of very unequal size",
    },
    Method {
        name: "mover_rao_scott_t",
        title: "Difference of two clustered proportions without common clusters",
        source: "Zou & Donner 2008, Stat Med 27:1693, on intervals of Rao & Scott 1992",
        assumes: "independent clusters and arms",
    },
    Method {
        name: "mover",
        title: "Difference of two quantities from their own intervals",
        source: "Zou & Donner 2008, Stat Med 27:1693",
        assumes: "independent arms; wider than need be where arms share clusters",
    },
    Method {
        name: "ratio_clusters_t",
        title: "Ratio of sums over clusters",
        source: "Cochran 1977, Sampling Techniques, chapter 6",
        assumes: "independent clusters",
    },
    Method {
        name: "ratio_units_t",
        title: "Ratio of sums over consultations",
        source: "Cochran 1977, Sampling Techniques, chapter 6",
        assumes: "independent consultations",
    },
    Method {
        name: "garwood",
        title: "Exact limits of a count over an exposure",
        source: "Garwood 1936, Biometrika 28:437",
        assumes: "independent events; used only where none was seen",
    },
    Method {
        name: "order_statistics",
        title: "Quantile with limits at binomial ranks",
        source: "David & Nagaraja 2003, Order Statistics, section 7.1",
        assumes: "independent values",
    },
    Method {
        name: "woodruff_rao_scott_t",
        title: "Quantile of clustered values",
        source: "Woodruff 1952, JASA 47:635, on intervals of Rao & Scott 1992",
        assumes: "independent clusters",
    },
    Method {
        name: "mean_clusters_t",
        title: "Mean of scores over clusters",
        source: "Cochran 1977, Sampling Techniques, chapter 6",
        assumes: "independent clusters; says nothing of those who did not answer",
    },
    Method {
        name: "mean_t",
        title: "Mean of scores",
        source: "Student 1908, Biometrika 6:1",
        assumes: "independent answers; says nothing of those who did not answer",
    },
];
