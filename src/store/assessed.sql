-- What assessors scored, candidate by candidate, in whole numbers: points are hundredths, weights hundredths of a percent. Every number of
-- assessors divides 360360, and every module's full points the scheme's common multiple, so that totals have one denominator.
CREATE TEMP TABLE schemes AS WITH schemes(own, scheme) AS (
    SELECT s.key, s.value FROM exam, json_each(exam.value, '$.assessments') s)
SELECT * FROM schemes;

CREATE TEMP TABLE modules AS WITH modules(scheme, module, weight, full, items, least, trimmed, spread, per_minute, most) AS (
    SELECT own, json_extract(m.value, '$.name'), CAST(round(json_extract(m.value, '$.weight') * 100) AS INTEGER),
           CAST(round(json_extract(m.value, '$.full') * 100) AS INTEGER), json_array_length(m.value, '$.items'),
           json_extract(scheme, '$.assessors'), json_extract(scheme, '$.mean') = 'trimmed',
           CAST(round(json_extract(scheme, '$.spread') * 100) AS INTEGER),
           COALESCE(CAST(round(json_extract(m.value, '$.overtime.per_minute') * 100) AS INTEGER), 0),
           COALESCE(CAST(round(json_extract(m.value, '$.overtime.most') * 100) AS INTEGER), 0)
    FROM schemes, json_each(scheme, '$.modules') m)
SELECT * FROM modules;

CREATE TEMP TABLE items AS WITH items(scheme, module, item, points) AS (
    SELECT own, json_extract(m.value, '$.name'), json_extract(i.value, '$.name'),
           CAST(round(json_extract(i.value, '$.points') * 100) AS INTEGER)
    FROM schemes, json_each(scheme, '$.modules') m, json_each(m.value, '$.items') i)
SELECT * FROM items;

CREATE TEMP TABLE multiples AS WITH RECURSIVE multiples(scheme, value) AS (
    SELECT scheme, MAX(full) FROM modules GROUP BY scheme
    UNION ALL
    SELECT n.scheme, n.value + (SELECT MAX(full) FROM modules m WHERE m.scheme = n.scheme)
    FROM multiples n WHERE EXISTS (SELECT 1 FROM modules m WHERE m.scheme = n.scheme AND n.value % m.full <> 0))
SELECT * FROM multiples;

CREATE TEMP TABLE common AS WITH common(scheme, value) AS (
    SELECT scheme, MAX(value) FROM multiples GROUP BY scheme)
SELECT * FROM common;

CREATE TEMP TABLE occupations AS WITH occupations(name, level, practical, review) AS (
    SELECT json_extract(o.value, '$.name'), json_extract(o.value, '$.level'), json_extract(o.value, '$.practical'),
           json_extract(o.value, '$.review')
    FROM exam, json_each(exam.value, '$.occupations') o)
SELECT * FROM occupations;

CREATE TEMP TABLE people AS WITH people(ticket, practical, review) AS (
    SELECT c.key, o.practical, o.review
    FROM (SELECT value FROM imports WHERE kind = 'roster' ORDER BY seq DESC LIMIT 1) r, json_each(r.value, '$.candidates') c
         JOIN occupations o ON o.name = json_extract(c.value, '$.occupation') AND o.level = json_extract(c.value, '$.level'))
SELECT * FROM people;

CREATE TEMP TABLE assessable AS WITH assessable(part, ticket, scheme) AS (
    SELECT 'practical', ticket, practical FROM people WHERE practical IS NOT NULL
    UNION ALL SELECT 'review', ticket, review FROM people WHERE review IS NOT NULL)
SELECT * FROM assessable;

CREATE TEMP TABLE marked AS WITH marked(part, ticket, scheme, marks, released) AS (
    SELECT part, ticket, json_extract(marks, '$.scheme'), marks, EXISTS (SELECT 1 FROM released r WHERE r.assessed = a.seq)
    FROM assessed a
    WHERE seq = (SELECT MAX(seq) FROM assessed b WHERE b.part = a.part AND b.ticket = a.ticket))
SELECT * FROM marked;

CREATE TEMP TABLE written AS WITH written(part, ticket, scheme, module, status, overtime, veto, given, fitting, points) AS (
    SELECT k.part, k.ticket, k.scheme, m.key, json_extract(w.value, '$.status'), COALESCE(json_extract(w.value, '$.overtime'), 0),
           json_extract(w.value, '$.veto') IS NOT NULL,
           (SELECT COUNT(*) FROM json_each(w.value, '$.items')),
           (SELECT COUNT(*) FROM json_each(w.value, '$.items') i
                JOIN items x ON x.scheme = k.scheme AND x.module = m.key AND x.item = i.key
            WHERE CAST(round(i.value * 100) AS INTEGER) BETWEEN 0 AND x.points),
           (SELECT COALESCE(SUM(CAST(round(i.value * 100) AS INTEGER)), 0) FROM json_each(w.value, '$.items') i)
    FROM marked k, json_each(k.marks, '$.modules') m, json_each(m.value) w)
SELECT * FROM written;

CREATE TEMP TABLE scored AS WITH scored(part, ticket, scheme, module, status, veto, fits, score) AS (
    SELECT w.part, w.ticket, w.scheme, w.module, w.status, w.veto,
           CASE WHEN w.status = 'scored' THEN w.given = m.items AND w.fitting = m.items ELSE w.given = 0 END,
           w.points - MIN(w.points, m.most, m.per_minute * w.overtime)
    FROM written w JOIN modules m ON m.scheme = w.scheme AND m.module = w.module)
SELECT * FROM scored;

CREATE TEMP TABLE per_module AS WITH per_module(part, ticket, scheme, module, kinds, void, absent, misfits, n, low, high, total, vetoes) AS (
    SELECT part, ticket, scheme, module, COUNT(DISTINCT status), SUM(status = 'void'), SUM(status = 'absent'), SUM(NOT fits),
           SUM(status = 'scored'), MIN(CASE WHEN status = 'scored' THEN score END), MAX(CASE WHEN status = 'scored' THEN score END),
           SUM(CASE WHEN status = 'scored' THEN score ELSE 0 END), SUM(status = 'scored' AND veto)
    FROM scored GROUP BY part, ticket, scheme, module)
SELECT * FROM per_module;

CREATE TEMP TABLE kept AS WITH kept(part, ticket, scheme, contradicts, void, absent, missing, doubtful, vetoed, share) AS (
    SELECT k.part, k.ticket, k.scheme, COALESCE(p.kinds > 1 OR p.misfits > 0, 0), COALESCE(p.void > 0, 0), COALESCE(p.absent > 0, 0),
           p.module IS NULL,
           COALESCE(p.n > 0 AND (p.n < m.least OR p.n % 2 = 0 OR COALESCE(p.high - p.low > m.spread, 0)
                                 OR (p.vetoes > 0 AND p.vetoes < p.n)), 0),
           COALESCE(p.vetoes > 0, 0),
           CASE WHEN COALESCE(p.n, 0) = 0 THEN 0
                WHEN m.trimmed AND p.n >= 3
                    THEN m.weight * ((p.total - p.low - p.high) * (c.value / m.full)) * (360360 / (p.n - 2))
                ELSE m.weight * (p.total * (c.value / m.full)) * (360360 / p.n) END
    FROM marked k JOIN modules m ON m.scheme = k.scheme JOIN common c ON c.scheme = k.scheme
         LEFT JOIN per_module p ON p.part = k.part AND p.ticket = k.ticket AND p.module = m.module)
SELECT * FROM kept;

CREATE TEMP TABLE together AS WITH together(part, ticket, scheme, contradicts, void, absent, missing, doubtful, vetoed, above, below) AS (
    SELECT part, ticket, kept.scheme, MAX(contradicts), MAX(void), MAX(absent), MAX(missing), MAX(doubtful), MAX(vetoed), SUM(share),
           100 * common.value * 360360
    FROM kept JOIN common ON common.scheme = kept.scheme GROUP BY part, ticket, kept.scheme)
SELECT * FROM together;

CREATE TEMP TABLE strange AS WITH strange(part, ticket) AS (
    SELECT DISTINCT w.part, w.ticket FROM written w
    WHERE NOT EXISTS (SELECT 1 FROM modules m WHERE m.scheme = w.scheme AND m.module = w.module))
SELECT * FROM strange;

CREATE TEMP TABLE rounding AS WITH rounding(scheme, rule, step) AS (
    SELECT own, json_extract(scheme, '$.rounding.rule'), CAST(round(json_extract(scheme, '$.rounding.step') * 100) AS INTEGER) FROM schemes)
SELECT * FROM rounding;

CREATE TEMP TABLE limits AS WITH limits(least) AS (
    SELECT CAST(round(least * 100) AS INTEGER) FROM (
        SELECT json_extract(g.value, '$.least') AS least FROM exam, json_each(exam.value, '$.rules.grades') g
        UNION SELECT json_extract(value, '$.rules.pass_line') FROM exam
        UNION SELECT p.value FROM level_rules, json_each(level_rules.value, '$.pass_lines') p
        UNION SELECT json_extract(g.value, '$.least') FROM level_rules, json_each(level_rules.value, '$.grades') g))
SELECT * FROM limits;

CREATE TEMP TABLE rounded_totals AS WITH rounded_totals(part, ticket, points, cut, above, below) AS (
    SELECT part, ticket,
           MIN(10000, step * (above * 100 / (below * step) + CASE rule
               WHEN 'down' THEN 0
               WHEN 'up' THEN above * 100 % (below * step) > 0
               WHEN 'half-up' THEN above * 100 % (below * step) * 2 >= below * step
               ELSE above * 100 % (below * step) * 2 > below * step
                    OR (above * 100 % (below * step) * 2 = below * step AND above * 100 / (below * step) % 2 = 1) END)),
           above * 100 / below, above, below
    FROM together t JOIN rounding r ON r.scheme = t.scheme)
SELECT * FROM rounded_totals;

CREATE TEMP TABLE assessments AS WITH assessments(part, ticket, state, points, vetoed) AS (
    SELECT a.part, a.ticket,
           CASE WHEN t.ticket IS NULL OR t.scheme <> a.scheme OR t.contradicts OR s.ticket IS NOT NULL THEN 'pending'
                WHEN t.void THEN 'void'
                WHEN t.absent THEN 'absent'
                WHEN t.missing OR (t.doubtful AND NOT k.released) THEN 'pending'
                ELSE 'scored' END,
           CASE WHEN EXISTS (SELECT 1 FROM limits WHERE (r.points >= least) <> (r.above * 100 >= least * r.below)) THEN r.cut
                ELSE r.points END,
           COALESCE(t.vetoed, 0)
    FROM assessable a LEFT JOIN together t USING (part, ticket) LEFT JOIN strange s USING (part, ticket)
         LEFT JOIN rounded_totals r USING (part, ticket) LEFT JOIN marked k USING (part, ticket))
SELECT * FROM assessments;

CREATE TEMP TABLE sent AS WITH sent(part, ticket, state, points) AS (
    SELECT r.part, json_extract(p.value, '$.ticket'),
           CASE WHEN json_type(p.value, '$.outcome') = 'object' THEN 'scored' ELSE json_extract(p.value, '$.outcome') END,
           CAST(round(json_extract(p.value, '$.outcome.scored') * 100) AS INTEGER)
    FROM (SELECT * FROM (SELECT 'practical' AS part, value FROM imports WHERE kind = 'practical' ORDER BY seq DESC LIMIT 1)
          UNION ALL SELECT * FROM (SELECT 'review', totals FROM review_totals ORDER BY seq DESC LIMIT 1)) r, json_each(r.value) p)
SELECT * FROM sent;

CREATE TEMP TABLE outcomes AS WITH outcomes(part, ticket, state, points, vetoed) AS (
    SELECT part, ticket, state, points, vetoed FROM assessments
    UNION ALL SELECT part, ticket, state, points, 0 FROM sent
    WHERE NOT EXISTS (SELECT 1 FROM assessable a WHERE a.part = sent.part AND a.ticket = sent.ticket))
SELECT * FROM outcomes;

CREATE TEMP TABLE practical AS WITH practical(ticket, state, points, vetoed) AS (
    SELECT ticket, state, points, vetoed AND state = 'scored' FROM outcomes WHERE part = 'practical')
SELECT * FROM practical;

CREATE TEMP TABLE reviews AS WITH reviews(ticket, state, points, vetoed) AS (
    SELECT ticket, state, points, vetoed AND state = 'scored' FROM outcomes WHERE part = 'review')
SELECT * FROM reviews;
