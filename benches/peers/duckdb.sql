-- The whole question for DuckDB, over a view `ev`: consultation c, role, ts (ms), kind, platform, service,
-- modality, booked_start bs (ms).
with base as materialized (
    select c, any_value(platform) platform, any_value(service) service,
        -- 1: not by video, 2: cancelled, 4: something may have interrupted it
        bit_or((case when modality <> 'video' then 1 else 0 end
                + case kind when 'cancelled' then 2 when 'dropped' then 4 when 'audio_lost' then 4 else 0 end)::utinyint) flags,
        min(ts) filter (role = 'patient' and kind in ('join_attempted', 'waiting', 'join_failed', 'joined', 'rejoined')) pa,
        min(ts) filter (role = 'clinician' and kind in ('join_attempted', 'waiting', 'join_failed', 'joined', 'rejoined')) ca,
        min(ts) filter (role = 'patient' and kind = 'joined') pj,
        min(ts) filter (role = 'clinician' and kind = 'joined') cj,
        min(ts) filter (kind = 'join_failed') failed,
        min(ts) filter (kind = 'completed') done,
        min(ts) filter (kind in ('converted', 'abandoned')) given_up,
        max(ts) filter (kind not in ('scheduled', 'cancelled', 'feedback_invited', 'rated', 'questionnaire', 'adequacy')) last_call,
        max(greatest(ts, bs)) last
    from ev group by c
),
-- When each side left; not by a `left` that belongs to the connection before a return.
departures as (
    select c, least(case when pr is null or pl - pr > 1000 then pl end,
                    case when cr is null or cl - cr > 1000 then cl end) departed
    from (
        select c,
            max(ts) filter (role = 'patient' and kind = 'left') pl,
            max(ts) filter (role = 'patient' and kind = 'rejoined') pr,
            max(ts) filter (role = 'clinician' and kind = 'left') cl,
            max(ts) filter (role = 'clinician' and kind = 'rejoined') cr
        from ev where kind in ('left', 'rejoined') group by c
    )
),
ended as materialized (
    select base.*, flags & 4 > 0 troubled, done is not null or given_up is not null terminal,
        done is not null and (given_up is null or given_up > done + 1800000) completed,
        coalesce(least(done, given_up), departed, last_call) en
    from base left join departures using (c)
    where flags & 1 = 0
      and not (done is null and given_up is null and flags & 2 = 0
               and last > (select max(ts) from ev) - 14400000)
),
x as materialized (
    select ev.c, ev.role, ev.ts, ev.kind, en, terminal, completed
    from ev join ended on ev.c = ended.c
    where troubled and ev.ts <= en
      and ev.kind in ('joined', 'rejoined', 'dropped', 'left', 'audio_lost', 'audio_restored')
),
gaps as materialized (
    select c, ts, back, en, terminal,
        coalesce(back - ts >= 15000, not (completed and en - ts < 15000)) is_drop
    from (select *, lead(ts) over (partition by c, role order by ts) back
          from x where kind in ('joined', 'rejoined', 'dropped'))
    where kind = 'dropped'
),
losses as materialized (
    select c, ts, coalesce(back, en) until, en
    from (select *, lead(ts) over (partition by c, role order by ts) back
          from x where kind in ('audio_lost', 'audio_restored', 'dropped', 'left'))
    where kind = 'audio_lost' and coalesce(back, en) - ts >= 150
),
steps as (
    select c, ts, 1 here, 0 lost, 0 broken, en from x where kind = 'joined'
    union all select c, ts, -1, 0, 0, en from gaps where is_drop
    union all select c, back, 1, 0, 0, en from gaps where is_drop and back is not null
    union all select c, ts, 0, 0, 1, en from gaps where not is_drop and back is not null
    union all select c, back, 0, 0, -1, en from gaps where not is_drop and back is not null
    union all select c, ts, 0, 1, 1, en from losses
    union all select c, until, 0, -1, -1, en from losses
),
stretches as materialized (
    select c, ts, sum(here) over w here, sum(lost) over w lost, sum(broken) over w broken,
        coalesce(lead(ts) over w, en) until
    from steps window w as (partition by c order by ts rows unbounded preceding)
),
met as materialized (select c, min(ts) met_at from stretches where here = 2 and until > ts group by c),
talks as (
    select c, any_value(met_at) met_at,
        sum(until - ts) filter (here = 2) connected_ms,
        sum(until - ts) filter (here = 2 and lost > 0) lost_ms,
        sum(until - ts) filter (broken > 0) broken_ms
    from stretches join met using (c) where ts >= met_at group by c
),
drops as (
    select c, count(*) filter (ts >= met_at) drops, min(ts) filter (ts >= met_at) - any_value(met_at) first_drop_ms,
        bool_or(ts < met_at + 60000) early
    from gaps join met using (c) where is_drop and (ts < en or not terminal) group by c
),
joint as (
    select platform, service, pa is not null and ca is not null attempted, completed, failed, en, terminal,
        case when troubled then met_at when pj is not null and cj is not null then greatest(pj, cj) end met_at,
        greatest(pa, ca) first_attempt,
        case when troubled then connected_ms else en - greatest(pj, cj) end connected_ms,
        coalesce(lost_ms, 0) lost_ms, coalesce(broken_ms, 0) broken_ms,
        coalesce(drops, 0) drops, first_drop_ms, coalesce(early, false) early
    from ended left join talks using (c) left join drops using (c)
),
outcomes as (
    select *, coalesce(met_at < en or (met_at = en and not terminal), false) connected,
        connected and not early and coalesce(failed >= met_at + 60000, true) first_try
    from joint
)
select platform, service, count(*), count(*) filter (attempted), count(*) filter (connected),
    count(*) filter (first_try),
    count(*) filter (first_try and drops = 0 and broken_ms <= 10000 and broken_ms * 1000 <= connected_ms * 10 and completed),
    count(*) filter (connected and completed), sum(drops), sum(lost_ms),
    sum(connected_ms) filter (connected), sum(en - met_at - connected_ms) filter (connected),
    quantile_disc(met_at - first_attempt, [0.5, 0.9, 0.95]) filter (connected),
    quantile_disc(first_drop_ms, [0.5, 0.9, 0.95]),
    grouping(service) all_services
from outcomes group by grouping sets ((platform), (platform, service))
