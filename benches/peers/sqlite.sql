-- The whole question for SQLite, over `events`, which is clustered by (consultation, time), so that grouping by
-- consultation needs no sorting. Codes: role 0 patient, 1 clinician; kinds are numbered by rank:
-- 0 scheduled, 1 cancelled, 2 join_attempted, 3 waiting, 4 join_failed, 5 joined, 6 rejoined, 7 audio_restored,
-- 9 audio_lost, 12 dropped, 13 left, 14 converted, 15 abandoned, 16 completed, 17 and more: what is no call.
create temp table ended as
with base as (
    select c, max(platform) platform, max(service) service, max(modality <> 'video') elsewhere,
        min(ts) filter (where role = 0 and kind between 2 and 6) pa,
        min(ts) filter (where role = 1 and kind between 2 and 6) ca,
        min(ts) filter (where role = 0 and kind = 5) pj,
        min(ts) filter (where role = 1 and kind = 5) cj,
        min(ts) filter (where kind = 4) failed,
        max(ts) filter (where role = 0 and kind = 6) pr,
        max(ts) filter (where role = 1 and kind = 6) cr,
        max(ts) filter (where role = 0 and kind = 13) pl,
        max(ts) filter (where role = 1 and kind = 13) cl,
        min(ts) filter (where kind = 16) done,
        min(ts) filter (where kind in (14, 15)) given_up,
        max(kind = 1) cancelled,
        max(kind in (9, 12)) troubled,
        max(ts) filter (where kind between 2 and 16) last_call,
        max(max(ts, coalesce(bs, ts))) last
    from events group by c
)
select *, done is not null or given_up is not null terminal,
    done is not null and (given_up is null or given_up > done + 1800000) completed,
    coalesce(min(coalesce(done, given_up), coalesce(given_up, done)), min(coalesce(pg, cg), coalesce(cg, pg)), last_call) en
from (select *, case when pr is null or pl - pr > 1000 then pl end pg,
                case when cr is null or cl - cr > 1000 then cl end cg from base)
where elsewhere is not 1
  and not (done is null and given_up is null and not cancelled
           and last > (select newest from about) - 14400000);

create temp table x as
select e.c, e.role, e.ts, e.kind, en, terminal, completed
from ended d cross join events e on e.c = d.c
where d.troubled and e.ts <= d.en and e.kind in (5, 6, 7, 9, 12, 13);

create temp table gaps as
select c, ts, back, en, terminal, coalesce(back - ts >= 15000, not (completed and en - ts < 15000)) is_drop
from (select *, lead(ts) over (partition by c, role order by ts) back from x where kind in (5, 6, 12))
where kind = 12;

create temp table losses as
select c, ts, coalesce(back, en) until, en
from (select *, lead(ts) over (partition by c, role order by ts) back from x where kind in (7, 9, 12, 13))
where kind = 9 and coalesce(back, en) - ts >= 150;

create temp table stretches as
with steps (c, ts, here, lost, broken, en) as (
    select c, ts, 1, 0, 0, en from x where kind = 5
    union all select c, ts, -1, 0, 0, en from gaps where is_drop
    union all select c, back, 1, 0, 0, en from gaps where is_drop and back is not null
    union all select c, ts, 0, 0, 1, en from gaps where not is_drop and back is not null
    union all select c, back, 0, 0, -1, en from gaps where not is_drop and back is not null
    union all select c, ts, 0, 1, 1, en from losses
    union all select c, until, 0, -1, -1, en from losses
)
select c, ts, sum(here) over w here, sum(lost) over w lost, sum(broken) over w broken,
    coalesce(lead(ts) over (partition by c order by ts), en) until
from steps window w as (partition by c order by ts rows unbounded preceding);

create temp table met (c integer primary key, met_at);
insert into met select c, min(ts) from stretches where here = 2 and until > ts group by c;

create temp table talks (c integer primary key, met_at, connected_ms, lost_ms, broken_ms);
insert into talks
select c, met_at,
    sum(until - ts) filter (where here = 2),
    sum(until - ts) filter (where here = 2 and lost > 0),
    sum(until - ts) filter (where broken > 0)
from stretches cross join met using (c) where ts >= met_at group by c;

create temp table drops (c integer primary key, drops, first_drop_ms, early);
insert into drops
select c, count(*) filter (where ts >= met_at), min(ts) filter (where ts >= met_at) - met_at, max(ts < met_at + 60000)
from gaps join talks using (c) where is_drop and (ts < en or not terminal) group by c;

create temp table outcomes as
select platform, service, attempted, connected, first_try,
    first_try and drops = 0 and broken_ms <= 10000 and broken_ms * 1000 <= connected_ms * 10 and completed undisturbed,
    connected and completed completed, drops, lost_ms,
    case when connected then connected_ms end connected_ms,
    case when connected then en - met_at - connected_ms end down_ms,
    case when connected then met_at - first_attempt end connect_ms,
    first_drop_ms
from (
    select *, connected and not early and coalesce(failed >= met_at + 60000, 1) first_try
    from (
        select *, coalesce(met_at < en or (met_at = en and not terminal), 0) connected,
            case when troubled then talk_ms else en - met_at end connected_ms
        from (
            select platform, service, pa is not null and ca is not null attempted, completed, failed, en, terminal,
                troubled, case when troubled then met_at else max(pj, cj) end met_at, max(pa, ca) first_attempt,
                connected_ms talk_ms, coalesce(lost_ms, 0) lost_ms, coalesce(broken_ms, 0) broken_ms,
                coalesce(drops, 0) drops, first_drop_ms, coalesce(early, 0) early
            from ended left join talks using (c) left join drops using (c)
        )
    )
);

create temp table ranked as
with told as (
    select platform, service, 0 what, connect_ms ms from outcomes where connect_ms is not null
    union all select platform, service, 1, first_drop_ms from outcomes where first_drop_ms is not null
)
select platform, service, what, ms,
    row_number() over (partition by what, platform order by ms) of_platform,
    count(*) over (partition by what, platform) in_platform,
    row_number() over (partition by what, platform, service order by ms) of_service,
    count(*) over (partition by what, platform, service) in_service
from told;
