-- compare_totals.sql - every number in totals.json against the oracle's, slot by slot.
--
-- Run in a directory with totals.json (docs/totals-json.md) and oracle.csv (eicu_oracle.sql). Prints the numbers that
-- differ, then one line "compared N different M".
.bail on
.mode csv
create temp table oracle (area text, indicator text, stratum text, role text, bin integer, value integer);
.import oracle.csv oracle

create temp table entry as
select value as j, json_extract(value, '$.area') as area, json_extract(value, '$.indicator') as indicator,
       coalesce(json_extract(value, '$.stratum'), '') as stratum, json_extract(value, '$.state') as state
from json_each(readfile('totals.json'), '$.totals');

create temp table number (area text, indicator text, stratum text, role text, bin integer, value integer);
insert into number select area, indicator, stratum, 'numerator', 0, coalesce(json_extract(j, '$.numerator'), json_extract(j, '$.observed')) from entry;
insert into number select area, indicator, stratum, 'complement', 0,
       json_extract(j, '$.denominator') - coalesce(json_extract(j, '$.numerator'), json_extract(j, '$.observed')) from entry;
insert into number select area, indicator, stratum, 'missing', 0, json_extract(j, '$.missing') from entry;
insert into number select area, indicator, stratum, 'contributes', 0, json_extract(j, '$.contributing') from entry;
insert into number select area, indicator, stratum, 'count', 0, json_extract(j, '$.count') from entry
where json_extract(j, '$.kind') = 'mean';
insert into number select area, indicator, stratum, 'sum', 0, json_extract(j, '$.sum') from entry;
insert into number select area, indicator, stratum, 'sum_of_squares', 0, json_extract(j, '$.sum_of_squares') from entry;
insert into number select area, indicator, stratum, 'expected', 0, json_extract(j, '$.expected_scaled') from entry;
insert into number
select area, indicator, stratum, 'bin', b.key, json_extract(b.value, '$.count')
from entry, json_each(j, '$.bins') b;
delete from number where value is null;

.mode list
select 'differs: ' || n.area || ' ' || n.indicator || ' ' || n.stratum || ' ' || n.role || ' ' || n.bin || ': ' ||
       n.value || ', expected ' || coalesce(o.value, 0)
from number n left join oracle o using (area, indicator, stratum, role, bin)
where n.value <> coalesce(o.value, 0); -- the oracle has no row for a stratum without cases

select 'compared ' || count(*) || ' different ' ||
       sum(n.value <> coalesce(o.value, 0))
from number n left join oracle o using (area, indicator, stratum, role, bin);
select 'states ' || group_concat(state || '=' || n, ' ') from (select state, count(*) as n from entry group by state);
