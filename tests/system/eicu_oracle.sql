-- eicu_oracle.sql - the demonstration's expected totals, in plain SQL over the eICU CSV files alone.
--
-- Run with the sqlite3 shell in a directory that holds patient.csv, hospital.csv, apachepatientresult.csv,
-- apachepredvar.csv and treatment.csv. Prints area,indicator,stratum,role,bin,value for every area and every slot of
-- catalogue/eicu-demo.yaml, zeros included. `contributes` counts hospitals.
--
-- Areas: 990000 all; 990100 Midwest, 990200 Northeast, 990300 South, 990400 West, 990500 without region; a county is
-- its city's code plus 1 + hospitalid mod 5.
.bail on
.mode csv
.import patient.csv patient
.import hospital.csv hospital
.import apachepatientresult.csv score
.import apachepredvar.csv day1
.import treatment.csv treatment

create temp table city as
select cast(hospitalid as integer) as h, teachingstatus as teaching,
       case region when 'Midwest' then 990100 when 'Northeast' then 990200 when 'South' then 990300
                   when 'West' then 990400 else 990500 end as code
from hospital;

create temp table area as
select 990000 as area, h from city
union all select code, h from city
union all select code + 1 + h % 5, h from city;

-- One row per hospital stay: none of these columns differs within one.
create temp table stay as
select patienthealthsystemstayid as id, cast(min(hospitalid) as integer) as h,
       case min(hospitaldischargestatus) when 'Expired' then 1 when 'Alive' then 0 end as dead,
       min(hospitaldischargeoffset - hospitaladmitoffset) as minutes,
       case when min(age) = '' then 'unknown'
            when min(age) = '> 89' then '75_up'
            when min(age) + 0 < 45 then 'under_45'
            when min(age) + 0 < 65 then '45_64'
            when min(age) + 0 < 75 then '65_74'
            else '75_up' end as age
from patient group by 1;

create temp table unit as
select patientunitstayid as id, cast(hospitalid as integer) as h, unitstaytype as type,
       case unitdischargestatus when 'Expired' then 1 when 'Alive' then 0 end as dead,
       cast(unitdischargeoffset as integer) as minutes
from patient;

create temp table antibacterial as
select patientunitstayid as id, min(cast(treatmentoffset as integer)) as t0
from treatment where treatmentstring like '%antibacterial%' group by 1;

-- One row per case: y is 1 (numerator), 0 or null (missing); x a number.
create temp table item (h, indicator, stratum, kind, y, x);
insert into item select h, 'hospital-mortality', '', 'proportion', dead, null from stay;
insert into item select h, 'hospital-mortality', age, 'proportion', dead, null from stay;
insert into item select h, 'icu-mortality', '', 'proportion', dead, null from unit;
insert into item
select unit.h, 'mortality-ratio', '', 'ratio',
       case when cast(predictedhospitalmortality as real) >= 0 then actualhospitalmortality = 'EXPIRED' end,
       cast(round(cast(predictedhospitalmortality as real) * 1000000) as integer)
from score join unit on unit.id = score.patientunitstayid where apacheversion = 'IVa';
insert into item select h, 'hospital-stay', '', 'mean', 1, minutes from stay;
insert into item select h, 'icu-stay', '', 'mean', 1, minutes from unit;
insert into item select h, 'icu-readmission', '', 'proportion', type = 'readmit', null from unit;
insert into item
select unit.h, 'thrombolysis', '', 'proportion', thrombolytics = '1', null
from day1 join unit on unit.id = day1.patientunitstayid;
insert into item
select unit.h, 'culture-before-antibacterial', '', 'proportion',
       exists (select 1 from treatment where patientunitstayid = a.id and treatmentstring like '%|cultures%'
               and cast(treatmentoffset as integer) <= a.t0 + 1440), null
from antibacterial as a join unit on unit.id = a.id;
insert into item select h, 'hospital-stay-days', '', 'distribution', 1, min(30, minutes / 1440) from stay;
insert into item select h, 'teaching-hospital', '', 'proportion', teaching = 'TRUE', null from city;

create temp table value as
select h, indicator, stratum, 'numerator' as role, 0 as bin, sum(y = 1) as value
  from item where kind in ('proportion', 'ratio') group by 1, 2, 3
union all select h, indicator, stratum, 'complement', 0, sum(y = 0)
  from item where kind in ('proportion', 'ratio') group by 1, 2, 3
union all select h, indicator, stratum, 'expected', 0, sum(x)
  from item where kind = 'ratio' and y is not null group by 1, 2, 3
union all select h, indicator, stratum, 'count', 0, count(*) from item where kind = 'mean' group by 1, 2, 3
union all select h, indicator, stratum, 'sum', 0, sum(x) from item where kind = 'mean' group by 1, 2, 3
union all select h, indicator, stratum, 'sum_of_squares', 0, sum(x * x)
  from item where kind = 'mean' group by 1, 2, 3
union all select h, indicator, stratum, 'bin', x, count(*)
  from item where kind = 'distribution' group by 1, 2, 3, 5
union all select h, indicator, stratum, 'contributes', 0, 1 from item group by 1, 2, 3
union all select h, indicator, stratum, 'missing', 0, sum(y is null) from item group by 1, 2, 3;

create temp table cell as select distinct indicator, stratum, role, bin from value where role <> 'bin';
with recursive bins(bin) as (select 0 union all select bin + 1 from bins where bin < 30)
insert into cell select 'hospital-stay-days', '', 'bin', bin from bins;

.headers off
select areas.area, cell.indicator, cell.stratum, cell.role, cell.bin, coalesce(sum(value.value), 0)
from (select distinct area from area) as areas
join cell
join area on area.area = areas.area
left join value on value.h = area.h and value.indicator = cell.indicator and value.stratum = cell.stratum
     and value.role = cell.role and value.bin = cell.bin
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5;
