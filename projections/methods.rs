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

/// Every estimator that a comparison or a decision names.
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
        name: "rate_clusters_log_t",
        title: "Rate of events over clusters, with limits for its logarithm",
        source: "Cochran 1977, Sampling Techniques, chapter 6, on the log scale as in Cox & Hinkley 1974",
        assumes: "independent clusters",
    },
    Method {
        name: "rate_units_log_t",
        title: "Rate of events over consultations, with limits for its logarithm",
        source: "Cochran 1977, Sampling Techniques, chapter 6, on the log scale as in Cox & Hinkley 1974",
        assumes: "independent consultations",
    },
    Method {
        name: "joint_laplace_grid",
        title: "Shares of platforms in strata from one model of all cells, with units that share their luck",
        source: "Breslow & Clayton 1993, JASA 88:9; Rue, Martino & Chopin 2009, JRSS B 71:319",
        assumes: "normal effects on the scale of log odds, of platforms, of platforms in strata, of units and of \
                  platforms in units; draws from the approximation, always the same ones",
    },
    Method {
        name: "cross_fitting",
        title: "What a range gains on consultations that had no say in choosing it",
        source: "Stone 1974, JRSS B 36:111; Chernozhukov et al. 2018, Econometrics J 21:C1",
        assumes: "organisations are independent, and dealt into five parts, or two of many cells; limits are those of \
                  the shares, given the choices",
    },
    Method {
        name: "preposterior_by_scaling",
        title: "About how many further consultations a verdict would take",
        source: "Raiffa & Schlaifer 1961, Applied Statistical Decision Theory, chapter 5",
        assumes: "shares stay as they were seen, in the same organisations; one path, and no average over what may be seen",
    },
    Method {
        name: "standardised_gap",
        title: "Gap between two groups of people under a policy, standardised to where each group's consultations are",
        source: "Fay & Feuer 1997, Stat Med 16:791; Binder 1983, Int Stat Rev 51:279",
        assumes: "independent clusters; that who was not seen on a platform would fare as those of the group who were",
    },
    Method {
        name: "smaa",
        title: "For which priorities a platform comes first on three measures",
        source: "Lahdelma & Salminen 2001, Oper Res 49:444 (SMAA-2)",
        assumes: "every set of weights as likely as another; values between none and all; measures drawn independently",
    },
    Method {
        name: "scan_poisson_days_rearranged",
        title: "Outages: spans of time in which a platform fails at several organisations at once",
        source: "Kulldorff 1997, Commun Stat Theory Methods 26:1481; Kulldorff 2001, JRSS A 164:61; \
                 Dwass 1957, Ann Math Stat 28:181",
        assumes: "without an outage organisations fail independently, and their days within a season, Monday to Friday or at \
                  the weekend, could change places; the organisation with the largest excess is left out",
    },
    Method {
        name: "expected_shortfall",
        title: "What the worst twentieth of days takes under a policy, in failed consultations beyond the usual",
        source: "Acerbi & Tasche 2002, J Banking Finance 26:1487",
        assumes: "what was seen of a platform on a day holds for all that a policy would send to it",
    },
    Method {
        name: "gail_simon",
        title: "Test of whether each of two platforms is the better one in some stratum",
        source: "Gail & Simon 1985, Biometrics 41:361",
        assumes: "independent consultations and strata",
    },
    Method {
        name: "garwood",
        title: "Exact limits of a count over an exposure",
        source: "Garwood 1936, Biometrika 28:437",
        assumes: "independent events; in a comparison used only where none was seen, in reach for all rates",
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
    Method {
        name: "jackknife_t",
        title: "Limits of any smooth quantity from groups of clusters left out in turn",
        source: "Kott 2001, J Off Stat 17:521; Wolter 2007, Introduction to Variance Estimation, chapter 4",
        assumes: "independent clusters; t with one degree of freedom less than the groups of the arm found in fewer, fewer where they are of very unequal size; more than 64 clusters share 64 groups",
    },
    Method {
        name: "asymptotic_confidence_sequence",
        title: "Limits of a difference that hold at every look",
        source: "Waudby-Smith et al. 2024, Ann Stat 52:2613; Robbins 1970, Ann Math Stat 41:1397",
        assumes: "looks at closed periods, ten events in either arm, a size planned beforehand; with clusters it \
                  rests on their standard error by analogy",
    },
    Method {
        name: "logistic_per_doubling",
        title: "Odds ratio for each doubling of practice",
        source: "McCullagh & Nelder 1989, Generalized Linear Models, chapter 4",
        assumes: "independent consultations; says nothing of clinicians who stopped early",
    },
    Method {
        name: "difference_in_differences_t",
        title: "Change of a share where units moved, less that where they stayed",
        source: "Goodman-Bacon 2021, J Econometrics 225:254; Cengiz et al. 2019, Q J Econ 134:1405; \
                 Liang & Zeger 1986, Biometrika 73:13",
        assumes: "independent units; without the move both would have changed alike",
    },
    Method {
        name: "logit_difference_in_differences_t",
        title: "The same as a ratio of odds",
        source: "Liang & Zeger 1986, Biometrika 73:13",
        assumes: "independent units; without the move the log odds of both would have changed alike",
    },
    Method {
        name: "mantel_haenszel_sato",
        title: "Common difference of proportions over strata",
        source: "Mantel & Haenszel 1959, JNCI 22:719; Sato 1989, Biometrics 45:1323",
        assumes: "independent consultations; one difference in all strata",
    },
    Method {
        name: "mantel_haenszel_greenland_robins",
        title: "Common ratio of proportions over strata",
        source: "Greenland & Robins 1985, Biometrics 41:55",
        assumes: "independent consultations; one ratio in all strata",
    },
    Method {
        name: "breslow_day_tarone",
        title: "Whether the odds ratio differs between strata",
        source: "Breslow & Day 1980, Statistical Methods in Cancer Research I; Tarone 1985, Biometrika 72:91",
        assumes: "independent consultations; a chi-square that is the less exact the sparser the strata",
    },
    Method {
        name: "standardised_mover",
        title: "Difference of two proportions brought to one mix",
        source: "Rothman, Greenland & Lash 2008, Modern Epidemiology; Zou & Donner 2008, Stat Med 27:1693",
        assumes: "independent consultations and arms; a fixed standard, by default both platforms together",
    },
    Method {
        name: "standardised_mover_log",
        title: "Ratio of two proportions brought to one mix",
        source: "Rothman, Greenland & Lash 2008, Modern Epidemiology; Zou & Donner 2008, Stat Med 27:1693",
        assumes: "independent consultations and arms; a fixed standard, by default both platforms together",
    },
    Method {
        name: "g_computation_difference",
        title: "Difference of two proportions standardised by a logistic model",
        source: "Robins 1986, Math Model 7:1393",
        assumes: "independent consultations; log-odds that add up over the dimensions; the mix taken as fixed",
    },
    Method {
        name: "g_computation_ratio",
        title: "Ratio of two proportions standardised by a logistic model",
        source: "Robins 1986, Math Model 7:1393",
        assumes: "independent consultations; log-odds that add up over the dimensions; the mix taken as fixed",
    },
    Method {
        name: "kitagawa",
        title: "What of a difference lies within strata, and what in their mix",
        source: "Kitagawa 1955, JASA 50:1168",
        assumes: "independent consultations, their strata drawn with them; strata with one platform count as mix",
    },
    Method {
        name: "e_value",
        title: "How strong something unrecorded would have to be to explain a ratio away",
        source: "VanderWeele & Ding 2017, Ann Intern Med 167:268",
        assumes: "says nothing of whether there is such a thing",
    },
    Method {
        name: "sii_linear",
        title: "Slope index of inequality over values of ordered groups, as they are",
        source: "Pamuk 1985, Popul Stud 39:17; Mackenbach & Kunst 1997, Soc Sci Med 44:757",
        assumes: "independent consultations; values linear in rank; of a group without any the error of one half",
    },
    Method {
        name: "rii_linear",
        title: "Relative index of inequality over values of ordered groups, as they are",
        source: "Pamuk 1985, Popul Stud 39:17; Mackenbach & Kunst 1997, Soc Sci Med 44:757",
        assumes: "independent consultations; values linear in rank; of a group without any the error of one half",
    },
    Method {
        name: "sii_logit",
        title: "Slope index of inequality over the logits of ordered groups",
        source: "Pamuk 1985, Popul Stud 39:17; Mackenbach & Kunst 1997, Soc Sci Med 44:757",
        assumes: "independent consultations; logits linear in rank; limits move the slope about the middle of the line",
    },
    Method {
        name: "rii_logit",
        title: "Relative index of inequality over the logits of ordered groups",
        source: "Pamuk 1985, Popul Stud 39:17; Mackenbach & Kunst 1997, Soc Sci Med 44:757",
        assumes: "independent consultations; logits linear in rank; limits move the slope about the middle of the line",
    },
    Method {
        name: "binomial_funnel",
        title: "Where chance would leave a unit of that size",
        source: "Spiegelhalter 2005, Stat Med 24:1185",
        assumes: "independent consultations; one true share",
    },
    Method {
        name: "arcsine_funnel",
        title: "Where a unit of that size would lie when units vary as they do",
        source: "Spiegelhalter 2005, Stat Med 24:1185",
        assumes: "true shares that vary by one variance on the arcsine scale; a tenth of the units at either end pulled in",
    },
    Method {
        name: "hartung_knapp_t",
        title: "The proportion in the typical unit, with random effects",
        source: "Paule & Mandel 1982, J Res NBS 87:377; Hartung & Knapp 2001, Stat Med 20:3875",
        assumes: "independent units whose logits vary normally; t with one degree of freedom less than units",
    },
    Method {
        name: "prediction_t",
        title: "Where the proportion of a further unit may lie",
        source: "Higgins, Thompson & Spiegelhalter 2009, J R Stat Soc A 172:137",
        assumes: "independent units whose logits vary normally; at least five of them",
    },
    Method {
        name: "q_profile",
        title: "The variance between units, and the median odds ratio that follows",
        source: "Viechtbauer 2007, Stat Med 26:37; Larsen & Merlo 2005, Am J Epidemiol 161:81",
        assumes: "independent units whose logits vary normally",
    },
    Method {
        name: "empirical_bayes_t",
        title: "The proportion of a unit drawn towards the typical one",
        source: "DerSimonian & Laird 1986, Control Clin Trials 7:177",
        assumes: "independent units whose logits vary normally; the uncertainty of their variance is not counted",
    },
    Method {
        name: "xmr",
        title: "Control chart of single values",
        source: "Shewhart 1931; Wheeler 2000, Understanding Variation; NHS England, Making Data Count",
        assumes: "periods that are independent while nothing changes, and alike in precision",
    },
    Method {
        name: "aalen_johansen",
        title: "Share of calls that have dropped by a minute, where calls that ended can drop no more",
        source: "Aalen & Johansen 1978, Scand J Stat 5:141; Andersen et al. 1993, section IV.4",
        assumes: "independent consultations; calls whose end nobody saw are like those that were seen on; times in \
                  whole seconds, rounded up",
    },
    Method {
        name: "restricted_time_lost_jackknife",
        title: "Time of a slot that is lost to drops",
        source: "Andersen 2013, Stat Med 32:5278; Efron & Stein 1981, Ann Stat 9:586",
        assumes: "independent consultations; calls whose end nobody saw are like those that were seen on; times in \
                  whole seconds, rounded up",
    },
    Method {
        name: "ghosh_lin",
        title: "Drops per call by a minute, the second and third of a call among them, where calls that ended have no more",
        source: "Ghosh & Lin 2000, Biometrics 56:554; limits by groups left out in turn (Kott 2001, J Off Stat 17:521)",
        assumes: "independent organisations or clinicians; calls whose end nobody saw are like those that were seen on; \
                  times in whole seconds, rounded up",
    },
    Method {
        name: "mean_cumulative",
        title: "Drops of a call that goes on for so many minutes",
        source: "Nelson 2003, Recurrent Events Data Analysis; Lawless & Nadeau 1995, Technometrics 37:158",
        assumes: "as for ghosh_lin; when a call ends says nothing of the drops it would have had",
    },
    Method {
        name: "gray",
        title: "Whether two platforms differ in the course of drops",
        source: "Gray 1988, Ann Stat 16:1141, with rho = 0",
        assumes: "independent consultations, so that it finds differences too easily where they share organisations",
    },
    Method {
        name: "win_odds_logit",
        title: "Odds that an answer on one platform is better than one on the other, ties split",
        source: "Dong et al. 2020, Stat Biopharm Res 12:99; variance of DeLong et al. 1988, Biometrics 44:837",
        assumes: "independent answers and arms; normal limits on the logit scale; one scale of answers",
    },
    Method {
        name: "rounded_counts",
        title: "Counts from 1 to 7 hidden, others rounded to the nearest 5, checked that none follows (--policy rounded)",
        source: "NHS Digital 2018, Hospital Episode Statistics, disclosure control; bounds by flows: Ford & Fulkerson 1962",
        assumes: "whoever looks knows what is shown, one earlier release at a time, and nothing else of the people",
    },
    Method {
        name: "secondary_suppression",
        title: "Exact counts, small ones hidden with as many others as keep them from following (--policy secondary)",
        source: "Hundepool et al. 2012, Statistical Disclosure Control, chapter 4",
        assumes: "whoever looks knows what is shown, one earlier release at a time, and nothing else of the people",
    },
    Method {
        name: "wilson_of_rounded_counts",
        title: "Wilson score interval of a proportion of rounded counts",
        source: "Wilson 1927, JASA 22:209; Rao & Scott 1992, Biometrics 48:577, with a design effect to one digit",
        assumes: "as wilson_rao_scott_t; rounding, of 2 at most, is small beside what chance does",
    },
    Method {
        name: "mover_of_rounded_counts",
        title: "Difference of two proportions of rounded counts",
        source: "Zou & Donner 2008, Stat Med 27:1693",
        assumes: "independent arms; wider than need be where arms share clusters",
    },
];
