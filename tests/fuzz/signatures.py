"""What random expressions are made of, as data: `kind = template` a line, each {…} of a template an argument.

    {i32}      an expression of that kind or group of kinds (data.py)
    {~len}     one of a pool of literals
    {T}        a type variable: one element kind, the same all over the line; arr<T> and map<T,i32> are made of it
    {i32|x}    inside a lambda: x of that kind is a leaf too

A line's name (for counts and for telling findings apart) is its template's first word, or its operator.
"""
import re

SCALARS = """
i32 = ({i32} + {i32})            | i64 = ({i64} + {i32})          | f64 = ({f64} + {num})      | dec = ({dec} + {dec})    | num = ({num} + {num})
i32 = ({i32} - {i32})            | i64 = ({i64} - {int})          | f64 = ({f64} - {f32})      | dec = ({dec} - {dec})    | num = ({num} - {num})
i32 = ({i32} * {i32})            | i64 = ({i64} * {i16})          | f64 = ({f64} * {f64})      | dec = ({dec} * {dec})    | num = ({num} * {num})
f64 = ({int} / {int})            | f64 = ({f64} / {f64})          | dec = ({dec} / {dec})      | num = ({num} / {num})
i32 = ({i32} % {i32})            | f64 = ({f64} % {f64})          | dec = ({dec} % {dec})      | num = ({num} % {num})    | i8 = ({i8} % {i8})
i64 = ({int} div {int})          | i64 = ({dec} div {dec})        | i64 = ({anyiv} div {anyiv})
i32 = pmod({i32}, {i32})         | f64 = pmod({f64}, {f64})       | dec = pmod({dec}, {dec})   | num = mod({num}, {num})
i8 = ({i8} + {i8})               | i16 = ({i16} * {i8})           | f32 = ({f32} + {f32})      | dec = ({dec} + {i32})    | f64 = ({dec} * {f64})
i32 = try_add({i32}, {i32})      | i64 = try_add({i64}, {i64})    | dec = try_add({dec}, {dec}) | date = try_add({date}, {i32})
i32 = try_subtract({i32}, {i32}) | dec = try_subtract({dec}, {dec}) | i64 = try_multiply({i64}, {i64}) | dec = try_multiply({dec}, {dec})
f64 = try_divide({num}, {num})   | i32 = try_mod({i32}, {i32})    | ts = try_add({ts}, {~interval}) | f64 = try_divide({i32}, {i32})
i32 = (- {i32})                  | dec = (- {dec})                | f64 = (- {f64})            | ym = (- {ym})            | num = negative({num})
num = (+ {num})                  | num = positive({num})          | num = abs({num})           | i32 = abs({i32})         | anyiv = abs({anyiv})
i32 = ({i32} & {i32})            | i64 = ({i64} & {int})          | i32 = ({i32} BITOR {i32})  | i64 = ({int} ^ {i64})    | int = (~ {int})
i32 = shiftleft({i32}, {i32})    | i64 = shiftright({i64}, {i32}) | i32 = shiftrightunsigned({i32}, {~small}) | i64 = ({i64} << {~small}) | i32 = ({i32} >> {i32}) | i64 = ({i64} >>> {i32})
i32 = bit_count({int})           | i32 = bit_count({bool})        | i8 = bit_get({int}, {~len}) | i8 = getbit({i64}, {i32})
dec = ceil({dec})                | i64 = ceil({f64})              | i64 = floor({f64})         | dec = floor({dec})       | dec = ceil({num}, {~scale})  | dec = floor({num}, {~scale})
dec = round({dec}, {~scale})     | f64 = round({f64}, {~scale})   | i32 = round({i32}, {~scale}) | dec = round({dec})     | f64 = round({f64})  | i64 = round({i64}, {~scale})
dec = bround({dec}, {~scale})    | f64 = bround({f64}, {~scale})  | i32 = bround({i32}, {~scale}) | f64 = bround({f64})   | f64 = rint({f64})
f64 = sqrt({num})                | f64 = cbrt({num})              | f64 = exp({f64})           | f64 = ln({num})          | f64 = log10({num}) | f64 = log2({num}) | f64 = log({f64}, {f64}) | f64 = log1p({f64}) | f64 = expm1({f64})
f64 = pow({num}, {~scale})       | f64 = power({f64}, {f64})      | f64 = hypot({f64}, {f64})  | f64 = sign({num})        | f64 = signum({f64})
f64 = sin({f64})  | f64 = cos({f64}) | f64 = tan({f64}) | f64 = cot({f64}) | f64 = sec({f64}) | f64 = csc({f64}) | f64 = asin({f64}) | f64 = acos({f64}) | f64 = atan({f64}) | f64 = atan2({f64}, {f64})
f64 = sinh({f64}) | f64 = cosh({f64}) | f64 = tanh({f64}) | f64 = asinh({f64}) | f64 = acosh({f64}) | f64 = atanh({f64}) | f64 = degrees({f64}) | f64 = radians({f64}) | f64 = e() | f64 = pi()
i64 = factorial({i32})           | str = bin({int})               | str = conv({vn}, {~base}, {~base}) | str = conv({int}, {~base}, {~base})
i64 = width_bucket({f64}, {f64}, {f64}, {i32}) | i64 = width_bucket({ym}, INTERVAL '0' YEAR, INTERVAL '10' YEAR, {~len})
bool = isnan({flt})              | f64 = nanvl({f64}, {f64})
T = greatest({T}, {T}, {T})      | T = least({T}, {T})            | num = greatest({num}, {num}) | num = least({num}, {num}) | plain = greatest({plain}, {plain})
i32 = hash({any})                | i32 = hash({any}, {any})       | i64 = xxhash64({any})      | i64 = xxhash64({any}, {any}) | i64 = crc32({text})

bool = ({T} = {T}) | bool = ({T} <> {T}) | bool = ({T} < {T}) | bool = ({T} <= {T}) | bool = ({T} > {T}) | bool = ({T} >= {T}) | bool = ({T} <=> {T})
bool = ({num} = {num}) | bool = ({num} < {num}) | bool = ({num} <=> {num}) | bool = ({ord} = {ord}) | bool = ({ord} < {ord}) | bool = ({date} = {str}) | bool = ({day} < {day})
bool = ({arr<T>} = {arr<T>}) | bool = ({arr<T>} < {arr<T>}) | bool = ({st} = {st}) | bool = ({st} <=> {st}) | bool = ({st} < {st}) | bool = equal_null({any}, {any})
bool = ({bool} AND {bool}) | bool = ({bool} OR {bool}) | bool = (NOT {bool}) | bool = ({bool} = {bool}) | bool = ({bool} < {bool})
bool = ({any} IS NULL) | bool = ({any} IS NOT NULL) | bool = isnull({any}) | bool = isnotnull({any}) | bool = ({bool} IS TRUE) | bool = ({bool} IS NOT FALSE) | bool = ({bool} IS UNKNOWN)
bool = ({T} BETWEEN {T} AND {T}) | bool = ({T} NOT BETWEEN {T} AND {T}) | bool = ({num} BETWEEN {num} AND {num}) | bool = ({T} IS DISTINCT FROM {T}) | bool = ({any} IS NOT DISTINCT FROM NULL)
bool = ({T} IN ({T}, {T})) | bool = ({T} NOT IN ({T}, {T}, NULL)) | bool = ({num} IN ({num}, {num})) | bool = ({st} IN ({st})) | bool = ({arr<i32>} IN ({arr<i32>}, {arr<i32>}))
T = if({bool}, {T}, {T}) | num = if({bool}, {num}, {num}) | T = coalesce({T}, {T}, {T}) | num = coalesce({num}, {num}) | T = nvl({T}, {T}) | T = ifnull({T}, {T}) | T = nvl2({any}, {T}, {T}) | T = nullif({T}, {T}) | num = nullif({num}, {num})
num = nullifzero({num}) | num = zeroifnull({num}) | any = if({bool}, {any}, NULL) | day = coalesce({day}, {day}) | str = coalesce({str}, {plain})
T = CASE WHEN {bool} THEN {T} WHEN {bool} THEN {T} ELSE {T} END | num = CASE WHEN {bool} THEN {num} ELSE {num} END | T = CASE {T} WHEN {T} THEN {T} ELSE {T} END | str = CASE {num} WHEN {num} THEN {str} END
str = typeof({any})

bool = ({str} LIKE {~pattern}) | bool = ({str} NOT LIKE {str}) | bool = ({str} ILIKE {~pattern}) | bool = ({str} RLIKE {~regex}) | bool = ({str} LIKE ANY ({~pattern}, {~pattern})) | bool = ({str} LIKE ALL ({~pattern}, {~pattern})) | bool = ({str} LIKE {~pattern} ESCAPE '#') | bool = ({str} NOT LIKE ALL ({~pattern}, {w}))
str = ({str} BITOR BITOR {plain}) | str = concat({str}, {str}, {str}) | str = concat({str}, {num}) | bin = concat({bin}, {bin}) | arr<T> = concat({arr<T>}, {arr<T>}) | str = concat_ws({~sep}, {str}, {str}, {arr<str>}) | str = concat_ws({str}, {v}, {w}) | arr<T> = ({arr<T>} BITOR BITOR {arr<T>})
i32 = ascii({str}) | str = base64({bin}) | i32 = bit_length({text}) | i32 = length({text}) | i32 = char_length({str}) | i32 = octet_length({text}) | str = char({i64}) | str = chr({i32})
str = trim({str}) | str = ltrim({str}) | str = rtrim({str}) | str = btrim({str}, {w}) | str = trim({w} FROM {str}) | str = TRIM(BOTH {w} FROM {str}) | str = TRIM(LEADING {w} FROM {str}) | str = TRIM(TRAILING FROM {str}) | str = ltrim({w}, {str}) | str = rtrim({w}, {str})
bool = contains({str}, {w}) | bool = startswith({str}, {w}) | bool = endswith({str}, {w}) | bool = startswith({bin}, {bin}) | bool = contains({bin}, {bin})
str = elt({~len}, {str}, {str}) | bin = encode({str}, {~charset}) | str = decode({bin}, {~charset}) | str = decode({i32}, 1, {str}, 2, {str}, {str}) | i32 = find_in_set({w}, {v})
str = format_number({num}, {~len}) | str = format_number({num}, '#,###.##') | str = format_string({~printf}, {i32}) | str = format_string('%s %s', {str}, {num}) | str = printf('%.2f', {f64})
str = hex({i64}) | str = hex({str}) | str = hex({bin}) | bin = unhex({~hexes}) | bin = unhex({str}) | bin = unbase64({~hexes}) | str = initcap({str}) | str = lower({str}) | str = upper({str}) | str = ucase({str}) | str = lcase({str})
i32 = instr({str}, {w}) | i32 = locate({w}, {str}) | i32 = locate({w}, {str}, {~small}) | i32 = position({w}, {str}) | i32 = POSITION({w} IN {str}) | str = left({str}, {~len}) | str = right({str}, {~len}) | bin = left({bin}, {~len})
i32 = levenshtein({str}, {str}) | i32 = levenshtein({str}, {str}, {~len}) | str = lpad({str}, {~len}, {~pad}) | str = rpad({str}, {~len}, {~pad}) | str = lpad({str}, {~len}) | bin = lpad({bin}, {~len}, X'20') | bin = rpad({bin}, {~len})
str = mask({str}) | str = mask({str}, 'A', 'b', '0') | str = mask({str}, NULL, 'y', NULL, '*') | str = md5({text}) | str = sha({text}) | str = sha1({bin}) | str = sha2({text}, {~bits}) | str = overlay({str} PLACING {w} FROM {~small}) | str = overlay({str}, {w}, {~small}, {~small}) | bin = overlay({bin}, {bin}, {~small})
str = quote({str}) | str = parse_url({~url}, {~urlpart}) | str = parse_url({~url}, 'QUERY', 'k') | str = try_parse_url({~url}, {~urlpart}) | str = url_encode({str}) | str = url_decode({~pct}) | str = try_url_decode({~pct})
i32 = regexp_count({str}, {~regex}) | str = regexp_extract({str}, {~regex}, {~group}) | arr<str> = regexp_extract_all({str}, {~regex}, {~group}) | i32 = regexp_instr({str}, {~regex}) | str = regexp_replace({str}, {~regex}, {~replace}) | str = regexp_replace({str}, {~regex}, {~replace}, {~len}) | str = regexp_substr({str}, {~regex}) | bool = regexp_like({str}, {~regex}) | bool = regexp({str}, {str})
str = repeat({str}, {~len}) | str = replace({str}, {w}, {str}) | str = replace({str}, {w}) | str = reverse({str}) | arr<T> = reverse({arr<T>}) | str = soundex({str}) | str = space({~len}) | arr<arr<str>> = sentences({str})
arr<str> = split({str}, {~regex}) | arr<str> = split({str}, {~sep}, {~small}) | str = split_part({str}, {~sep}, {~small}) | str = substring({str}, {~small}) | str = substring({str}, {i32}, {i32}) | str = substr({str} FROM {~small} FOR {~len}) | bin = substring({bin}, {~small}, {~len}) | str = substring_index({str}, {~sep}, {~small})
str = translate({str}, {str}, {w}) | bool = luhn_check({vn}) | bool = is_valid_utf8({str}) | bin = to_binary({str}, {~binfmt}) | bin = try_to_binary({str}, {~binfmt}) | str = to_char({dec}, {~numfmt}) | str = to_char({date}, {~dayfmt}) | dec = to_number({vn}, {~numfmt}) | dec = try_to_number({vn}, {~numfmt}) | str = to_varchar({i32}, {~numfmt}) | str = to_char({bin}, {~binfmt})

date = date_add({date}, {i32}) | date = date_sub({date}, {i32}) | date = ({date} + {i32}) | date = ({date} - {i32}) | ds = ({date} - {date}) | ds = ({time} - {time}) | ds = ({date} - {ts}) | i32 = datediff({date}, {date}) | i32 = datediff({ts}, {date})
date = ({date} + {ym}) | time = ({date} + {ds}) | ts = ({ts} + {ym}) | ts = ({ts} - {ds}) | ntz = ({ntz} + {ds}) | ts = ({ts} + {~interval}) | date = ({date} - {~interval}) | ntz = ({ntz} - {ym}) | ts = ({~interval} + {ts}) | ntz = ({ntz} + {~interval})
ym = ({ym} + {ym}) | ds = ({ds} - {ds}) | ym = ({ym} * {num}) | ds = ({ds} * {num}) | ym = ({ym} / {num}) | ds = ({ds} / {num}) | ds = ({i32} * {ds}) | ds = make_dt_interval({i32}, {~len}, {~small}, {dec}) | ym = make_ym_interval({i32}, {i32}) | ds = (- {ds})
date = add_months({date}, {~small}) | date = add_months({ts}, {i32}) | date = last_day({date}) | date = next_day({date}, {~weekday}) | f64 = months_between({ts}, {ts}) | f64 = months_between({date}, {ts}, {~bool}) | date = trunc({date}, {~trunc}) | ts = date_trunc({~trunct}, {ts}) | ts = date_trunc({~trunct}, {date})
date = make_date({i32}, {i2}, {i2}) | ts = make_timestamp(2024, {i2}, {i2}, {i2}, 0, {dec}) | ntz = make_timestamp_ntz({i32}, 3, 10, {i2}, {i32}, 5.5) | ts = make_timestamp(2024, 11, 3, 1, 30, 0, {~zone}) | ts = make_timestamp_ltz(2024, 3, 10, {i2}, 30, 0) | ts = try_make_timestamp({i32}, {i2}, {i2}, {i2}, {i2}, {n1})
i32 = year({day}) | i32 = month({day}) | i32 = day({day}) | i32 = dayofmonth({date}) | i32 = quarter({day}) | i32 = dayofweek({date}) | i32 = dayofyear({day}) | i32 = weekday({date}) | i32 = weekofyear({day}) | i32 = hour({time}) | i32 = minute({time}) | i32 = second({time}) | str = dayname({date}) | str = monthname({ts})
i32 = extract({~field} FROM {date}) | num = extract({~timefield} FROM {time}) | int = extract({~ymfield} FROM {ym}) | num = extract({~dsfield} FROM {ds}) | num = date_part('SECONDS', {time}) | num = datepart('DOW', {date})
str = date_format({day}, {~dayfmt}) | str = date_format({ts}, {~timefmt}) | str = date_format({ntz}, {~timefmt}) | str = from_unixtime({i64}) | str = from_unixtime({i32}, {~timefmt}) | date = to_date({vd}) | date = to_date({vd}, {~dayfmt}) | date = try_to_date({vd}, {~dayfmt}) | ts = to_timestamp({vt}) | ts = to_timestamp({vt}, {~timefmt}) | ts = try_to_timestamp({vt}) | ts = try_to_timestamp({vd}, {~dayfmt}) | ntz = to_timestamp_ntz({vt}) | ts = to_timestamp_ltz({vt})
i64 = unix_timestamp({ts}) | i64 = unix_timestamp({vt}, {~timefmt}) | i64 = to_unix_timestamp({day}) | i64 = unix_seconds({ts}) | i64 = unix_millis({ts}) | i64 = unix_micros({ts}) | i32 = unix_date({date}) | date = date_from_unix_date({i32}) | ts = timestamp_seconds({num}) | ts = timestamp_millis({int}) | ts = timestamp_micros({i64})
ts = from_utc_timestamp({ts}, {~zone}) | ts = to_utc_timestamp({ts}, {~zone}) | ntz = convert_timezone({~zone}, {~zone}, {ntz}) | ntz = convert_timezone({~zone}, {ntz})
i64 = timestampdiff({~unit}, {time}, {time}) | ts = timestampadd({~unit}, {i32}, {ts}) | i64 = datediff({~unit}, {day}, {day}) | ts = dateadd({~unit}, {~small}, {ts}) | ntz = timestampadd({~unit}, {~small}, {ntz}) | date = dateadd({date}, {i32})

arr<T> = array({T}, {T}) | arr<T> = array_append({arr<T>}, {T}) | arr<T> = array_prepend({arr<T>}, {T}) | arr<T> = array_compact({arr<T>}) | bool = array_contains({arr<T>}, {T}) | arr<T> = array_distinct({arr<T>}) | arr<T> = array_except({arr<T>}, {arr<T>}) | arr<T> = array_insert({arr<T>}, {~small}, {T}) | arr<T> = array_intersect({arr<T>}, {arr<T>}) | arr<T> = array_union({arr<T>}, {arr<T>})
str = array_join({arr<str>}, {~sep}) | str = array_join({arr<str>}, {~sep}, {~pad}) | T = array_max({arr<T>}) | T = array_min({arr<T>}) | i64 = array_position({arr<T>}, {T}) | arr<T> = array_remove({arr<T>}, {T}) | arr<T> = array_repeat({T}, {~len}) | i32 = array_size({arr}) | arr<T> = array_sort({arr<T>}) | arr<T> = sort_array({arr<T>}, {~bool}) | bool = arrays_overlap({arr<T>}, {arr<T>}) | arr = arrays_zip({arr<T>}, {arr<i32>})
i32 = size({arr}) | i32 = size({map}) | i32 = cardinality({arr}) | T = element_at({arr<T>}, {~small}) | T = try_element_at({arr<T>}, {~small}) | T = {arr<T>}[{~len}] | T = get({arr<T>}, {~small}) | i32 = {map<str,i32>}[{w}] | i32 = element_at({map<str,i32>}, {str}) | str = {map<i32,str>}[{i32}] | str = try_element_at({map<i32,str>}, {i32})
arr<i32> = flatten({arr<arr<i32>>}) | arr<T> = slice({arr<T>}, {~small}, {~len}) | arr<i32> = sequence({~len}, {~len}) | arr<i32> = sequence({i2}, {~len}, {~small}) | arr<date> = sequence(greatest({date}, DATE'2023-11-05'), DATE'2024-03-01', INTERVAL '1' MONTH) | arr<T> = filter({arr<T>}, x -> {bool|x:T}) | bool = exists({arr<T>}, x -> {bool|x:T}) | bool = forall({arr<T>}, x -> {bool|x:T})
arr<i32> = transform({arr<T>}, x -> {i32|x:T}) | arr<str> = transform({arr<i32>}, x -> {str|x:i32}) | arr<i32> = transform({arr<i32>}, (x, k) -> ({i32|x:i32} + k)) | i32 = aggregate({arr<i32>}, 0, (acc, x) -> {i32|acc:i32}) | i32 = reduce({arr<i32>}, 1, (acc, x) -> acc + {i32|x:i32}, acc -> {i32|acc:i32}) | str = aggregate({arr<str>}, '', (acc, x) -> concat(acc, {str|x:str})) | arr<i32> = zip_with({arr<i32>}, {arr<T>}, (x, z) -> {i32|x:i32}) | arr<T> = array_sort({arr<T>}, (x, z) -> CASE WHEN x < z THEN 1 WHEN x > z THEN -1 ELSE 0 END)
map<str,i32> = map({w}, {i32}) | map<str,i32> = map_concat({map<str,i32>}, {map<str,i32>}) | bool = map_contains_key({map<str,i32>}, {w}) | arr = map_entries({map<str,i32>}) | map<str,i32> = map_filter({map<str,i32>}, (k, x) -> {bool|x:i32}) | map = map_from_arrays({arr<str>}, {arr<i32>}) | arr<str> = map_keys({map<str,i32>}) | arr<i32> = map_values({map<str,i32>}) | map<str,i32> = transform_values({map<str,i32>}, (k, x) -> {i32|x:i32}) | map<str,i32> = transform_keys({map<str,i32>}, (k, x) -> {str|k:str}) | map<str,i32> = map_zip_with({map<str,i32>}, {map<str,i32>}, (k, x, z) -> {i32|x:i32}) | map = str_to_map({str}, {~sep}, {~pad}) | map<str,i32> = map_from_entries(array(struct({w}, {i32})))
st = struct({i32} AS x, {str} AS y) | st = named_struct('x', {i32}, 'y', {str}) | i32 = {st}.x | str = {st}.y | arr<i32> = {arr<st>}.x | str = {arr<st>}[0].y
str = to_json({st}) | str = to_json({map}) | str = to_json({arr}) | str = to_json(struct({plain} AS k)) | st = from_json({vj}, 'x INT, y STRING') | any = from_json({vj}, {~jsontype}) | str = get_json_object({vj}, {~path}) | i32 = json_array_length({vj}) | arr<str> = json_object_keys({vj}) | str = schema_of_json('{"a":1}')

i32 = CAST({plain} AS INT) | i64 = CAST({plain} AS BIGINT) | i16 = CAST({num} AS SMALLINT) | i8 = CAST({num} AS TINYINT) | f32 = CAST({num} AS FLOAT) | f64 = CAST({plain} AS DOUBLE) | dec = CAST({num} AS DECIMAL(10,2)) | dec = CAST({plain} AS DECIMAL(38,18)) | dec = CAST({num} AS DECIMAL(3,0)) | bool = CAST({plain} AS BOOLEAN) | i32 = CAST({vn} AS INT) | f64 = CAST({vn} AS DOUBLE) | dec = CAST({vn} AS DECIMAL(20,5)) | bool = CAST({str} AS BOOLEAN)
str = CAST({plain} AS STRING) | str = CAST({num} AS STRING) | str = CAST({day} AS STRING) | str = CAST({anyiv} AS STRING) | str = CAST({arr} AS STRING) | str = CAST({map} AS STRING) | str = CAST({st} AS STRING) | bin = CAST({str} AS BINARY) | bin = CAST({int} AS BINARY) | date = CAST({vd} AS DATE) | date = CAST({time} AS DATE) | ts = CAST({vt} AS TIMESTAMP) | ts = CAST({date} AS TIMESTAMP) | ts = CAST({num} AS TIMESTAMP) | ts = CAST({ntz} AS TIMESTAMP) | ntz = CAST({ts} AS TIMESTAMP_NTZ) | ntz = CAST({vt} AS TIMESTAMP_NTZ) | ym = CAST({i32} AS INTERVAL YEAR TO MONTH) | ds = CAST({str} AS INTERVAL DAY TO SECOND) | i32 = CAST({ym} AS INT)
any = try_cast({plain} AS {~castn}) | i32 = try_cast({str} AS INT) | date = try_cast({vd} AS DATE) | ts = try_cast({vt} AS TIMESTAMP) | dec = try_cast({num} AS DECIMAL(5,2)) | arr<i32> = CAST({arr<str>} AS ARRAY<INT>) | arr<str> = CAST({arr<i32>} AS ARRAY<STRING>) | arr<f64> = CAST({arr<i32>} AS ARRAY<DOUBLE>) | st = CAST({st} AS STRUCT<x:INT,y:STRING>) | any = CAST({st} AS STRUCT<p:STRING,q:STRING>) | any = CAST({map<str,i32>} AS MAP<STRING,STRING>) | i32 = {str}::INT | str = {plain}::STRING
i32 = int({num}) | str = string({plain}) | f64 = double({num}) | dec = decimal({int}) | date = date({vd}) | ts = timestamp({vt}) | i64 = bigint({f64}) | bool = boolean({num}) | bin = binary({str}) | bool = assert_true({bool}) | any = raise_error({str})
str = collation({str}) | bool = (({str} COLLATE UTF8_LCASE) = {str}) | any = to_csv({st}) | any = from_csv({str}, 'a INT, b STRING') | str = xpath_string('<a><b>1</b></a>', 'a/b') | any = parse_json({vj}) | str = make_valid_utf8({str}) | any = ({vj}).a
"""

# Inside a group or over a window: each makes one value of many rows. None depends on the rows' order.
AGGREGATES = """
i64 = count(*) | i64 = count({any}) | i64 = count(DISTINCT {ord}) | i64 = count({any}, {any}) | i64 = count(DISTINCT {i32}, {str}) | i64 = count_if({bool}) | i64 = sum({i16}) | i64 = sum({i2}) | dec = sum({n1}) | dec = sum({dec}) | anyiv = sum({anyiv}) | dec = sum(DISTINCT {n1}) | i64 = sum({i64}) | i64 = try_sum({i64}) | dec = try_sum({dec})
f64 = avg({int}) | dec = avg({dec}) | dec = avg({n1}) | anyiv = avg({anyiv}) | f64 = mean({i16}) | dec = try_avg({dec}) | f64 = avg(DISTINCT {i2})
T = max({T}) | T = min({T}) | ord = max({ord}) | ord = min({ord}) | num = max({num}) | bool = bool_and({bool}) | bool = bool_or({bool}) | bool = every({bool}) | bool = some({bool}) | bool = any({bool}) | int = bit_and({int}) | int = bit_or({int}) | int = bit_xor({int})
arr<T> = sort_array(collect_list({T})) | arr<T> = sort_array(collect_set({T})) | i32 = size(array_agg({any})) | i32 = size(collect_set({plain})) | str = listagg({str}, ',') WITHIN GROUP (ORDER BY {str}) | str = listagg(DISTINCT {v}) WITHIN GROUP (ORDER BY v) | f64 = percentile({num}, {~zero}) | num = percentile_cont({~zero}) WITHIN GROUP (ORDER BY {num}) | num = percentile_disc({~zero}) WITHIN GROUP (ORDER BY {num} DESC) | f64 = median({num}) | T = mode({T}, true)
i64 = max_by({i64}, id) | str = min_by({str}, id) | any = max_by({any}, id) | any = any_value({bool}) FILTER (WHERE id = 3) | i64 = sum({i16}) FILTER (WHERE {bool}) | i64 = count(*) FILTER (WHERE {bool}) | i64 = approx_count_distinct({plain}) | int = approx_percentile({i16}, {~zero}) | i64 = regr_count({f64}, {f64}) | f64 = stddev({i2}) | f64 = var_pop({i2}) | f64 = corr({i2}, {i16}) | f64 = covar_samp({i2}, {i16}) | f64 = skewness({i2}) | f64 = kurtosis({i2}) | f64 = regr_slope({i2}, {i16}) | f64 = regr_r2({i2}, {i16})
"""

# Over (PARTITION BY ... ORDER BY ..., id): `id` makes the order total.
WINDOWS = """
i32 = row_number() | i32 = rank() | i32 = dense_rank() | f64 = percent_rank() | f64 = cume_dist() | i32 = ntile({~tiles}) | any = lag({any}) | any = lag({any}, {~len}) | T = lead({T}, {~len}, {T}) | any = lead({any}, 1) | any = nth_value({any}, {~nth}) | any = first_value({any}) | any = last_value({any}) | any = first({any}, true) | any = last({any}) IGNORE NULLS | any = lag({any}, 1) IGNORE NULLS
"""

ARGUMENT = re.compile(r"\{(~?[\w<>,]+(?:\|\w+:\w+)?)\}")


class Signature:
    def __init__(self, line):
        self.kind, self.template = (part.strip() for part in line.split(" = ", 1))
        self.template = self.template.replace("BITOR BITOR", "||").replace("BITOR", "|")
        self.arguments = ARGUMENT.findall(self.template)
        self.generic = "T" in re.findall(r"\w+", " ".join([self.kind] + self.arguments))
        self.name = name_of(self.template)

    def text(self, arguments):
        parts = iter(arguments)
        return ARGUMENT.sub(lambda _: next(parts), self.template)


def name_of(template):
    word = re.match(r"(\w+)\(|(CASE)\b", template)
    if word:
        kind = re.search(r" AS ([A-Z_]+|\{~castn\})", template)
        return (word[1] or word[2]).lower() + (f" {kind[1].lower()}" if word[1] in ("CAST", "try_cast") and kind else "")
    bare = ARGUMENT.sub("", template)
    return re.sub(r"[\s()]+", " ", bare).strip().lower() or template


def read(text):
    return [Signature(line) for row in text.strip().split("\n") for line in row.split(" | ") if line.strip()]
