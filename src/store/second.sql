-- Every candidate's result, once more and by another road: from the rows and texts of the record, with nothing of the program
-- that makes the papers. Points are hundredths. What the words mean is written down at `merge`. Each step is a table that is gone when
-- the question is answered: as one query it is nested deeper than SQLite takes.
CREATE TEMP TABLE exam AS WITH exam(value) AS (
    SELECT value FROM imports WHERE kind = 'exam' ORDER BY seq DESC LIMIT 1)
SELECT * FROM exam;

CREATE TEMP TABLE rules AS WITH rules(pass_line, fail_grade, violation) AS (
    SELECT CAST(round(json_extract(value, '$.rules.pass_line') * 100) AS INTEGER),
           json_extract(value, '$.rules.fail_grade'), json_extract(value, '$.rules.violation')
    FROM exam)
SELECT * FROM rules;

-- Levels with rules of their own; of all others the exam's hold.
CREATE TEMP TABLE level_rules AS WITH level_rules(level, value) AS (
    SELECT json_extract(l.value, '$.level'), l.value FROM exam, json_each(exam.value, '$.rules.levels') l)
SELECT * FROM level_rules;

CREATE TEMP TABLE other_levels AS WITH other_levels(level) AS (
    SELECT DISTINCT json_extract(o.value, '$.level') FROM exam, json_each(exam.value, '$.occupations') o
    WHERE json_extract(o.value, '$.level') NOT IN (SELECT level FROM level_rules))
SELECT * FROM other_levels;

CREATE TEMP TABLE lines AS WITH lines(level, part, line) AS (
    SELECT level, p.key, CAST(round(p.value * 100) AS INTEGER) FROM level_rules, json_each(level_rules.value, '$.pass_lines') p
    UNION ALL
    SELECT level, part, pass_line
    FROM other_levels, (SELECT 'theory' AS part UNION SELECT 'practical' UNION SELECT 'review') usual, rules
    WHERE part <> 'review' OR level IN ('二级', '一级'))
SELECT * FROM lines;

CREATE TEMP TABLE grades AS WITH grades(level, name, least) AS (
    SELECT level, json_extract(g.value, '$.name'), CAST(round(json_extract(g.value, '$.least') * 100) AS INTEGER)
    FROM level_rules, json_each(level_rules.value, '$.grades') g
    UNION ALL
    SELECT level, json_extract(g.value, '$.name'), CAST(round(json_extract(g.value, '$.least') * 100) AS INTEGER)
    FROM other_levels, exam, json_each(exam.value, '$.rules.grades') g)
SELECT * FROM grades;

CREATE TEMP TABLE roundings AS WITH roundings(level, rule, step) AS (
    SELECT level, json_extract(value, '$.rounding.rule'), CAST(round(json_extract(value, '$.rounding.step') * 100) AS INTEGER)
    FROM level_rules WHERE json_extract(value, '$.rounding.rule') IS NOT NULL)
SELECT * FROM roundings;

CREATE TEMP TABLE weights AS WITH weights(level, part, percent) AS (
    SELECT level, w.key, w.value FROM level_rules, json_each(level_rules.value, '$.total') w)
SELECT * FROM weights;

CREATE TEMP TABLE roster AS WITH roster(ticket, level) AS (
    SELECT c.key, json_extract(c.value, '$.level')
    FROM (SELECT value FROM imports WHERE kind = 'roster' ORDER BY seq DESC LIMIT 1) r,
         json_each(r.value, '$.candidates') c)
SELECT * FROM roster;

CREATE TEMP TABLE records AS WITH records(room, value) AS (
    SELECT name, value FROM imports i WHERE kind = 'rooms'
       AND seq = (SELECT MAX(seq) FROM imports j WHERE j.kind = 'rooms' AND j.name = i.name))
SELECT * FROM records;

CREATE TEMP TABLE present AS WITH present(ticket) AS (
    SELECT DISTINCT p.value FROM records, json_each(records.value, '$.present') p)
SELECT * FROM present;

CREATE TEMP TABLE absent AS WITH absent(ticket) AS (
    SELECT DISTINCT a.value FROM records, json_each(records.value, '$.absent') a)
SELECT * FROM absent;

CREATE TEMP TABLE violations AS WITH violations(ticket, words) AS (
    SELECT ticket, words FROM
        (SELECT v.key AS ticket, v.value AS words, row_number() OVER (PARTITION BY v.key ORDER BY records.room DESC) AS nth
         FROM records, json_each(records.value, '$.violations') v)
    WHERE nth = 1)
SELECT * FROM violations;

CREATE TEMP TABLE voids AS WITH voids(ticket, everything) AS (
    SELECT ticket, CASE WHEN instr(words, '全部科目') > 0 THEN 1 WHEN instr(words, '该科目') > 0 THEN 0
                        ELSE violation = 'all-void' END
    FROM violations, rules)
SELECT * FROM voids;

/* assessed.sql */

CREATE TEMP TABLE in_force AS WITH in_force(grading) AS (
    SELECT seq FROM (SELECT seq, row_number() OVER (PARTITION BY paper, form ORDER BY key_revision DESC, seq DESC) AS nth
                     FROM gradings)
    WHERE nth = 1)
SELECT * FROM in_force;

CREATE TEMP TABLE theory AS WITH theory(ticket, points, answered) AS (
    SELECT ticket, CAST(round(json_extract(score, '$.score.points') * 100) AS INTEGER),
           json_extract(score, '$.score.right') + json_extract(score, '$.score.wrong')
               + COALESCE(json_extract(score, '$.score.partial'), 0) + COALESCE(json_extract(score, '$.score.voided'), 0) > 0
    FROM scores WHERE grading IN (SELECT grading FROM in_force))
SELECT * FROM theory;

CREATE TEMP TABLE rulings AS WITH rulings(ticket, kind, part, points) AS (
    SELECT c.key, k.key, json_extract(k.value, '$.part'),
           CAST(round(COALESCE(json_extract(k.value, '$.points'), json_extract(k.value, '$.score')) * 100) AS INTEGER)
    FROM (SELECT value FROM imports WHERE kind = 'rulings' ORDER BY seq DESC LIMIT 1) i,
         json_each(i.value) c, json_each(c.value) r, json_each(r.value) k)
SELECT * FROM rulings;

CREATE TEMP TABLE voided_whole AS WITH voided_whole(ticket) AS (
    SELECT ticket FROM rulings WHERE kind = 'all-void' UNION SELECT ticket FROM voids WHERE everything)
SELECT * FROM voided_whole;

-- What is known of each part without a ruling; sat: there is a sign that it was sat.
CREATE TEMP TABLE evidence AS WITH evidence(ticket, part, state, points, sat) AS (
    SELECT r.ticket, 'theory',
           CASE WHEN a.ticket IS NOT NULL AND p.ticket IS NULL
                    THEN CASE WHEN COALESCE(t.answered, 0) OR COALESCE(d.answered, 0) THEN 'pending' ELSE 'absent' END
                WHEN t.ticket IS NOT NULL THEN 'scored'
                ELSE 'pending' END,
           t.points,
           COALESCE(t.answered, 0) OR COALESCE(d.answered, 0) OR p.ticket IS NOT NULL OR v.ticket IS NOT NULL
    FROM roster r LEFT JOIN voids v USING (ticket) LEFT JOIN absent a USING (ticket) LEFT JOIN present p USING (ticket)
         LEFT JOIN theory t USING (ticket) LEFT JOIN derived_candidates d USING (ticket)
    UNION ALL
    SELECT r.ticket, 'practical', COALESCE(o.state, 'pending'), o.points, COALESCE(o.state NOT IN ('absent', 'pending'), 0)
    FROM roster r LEFT JOIN practical o USING (ticket)
    UNION ALL
    SELECT r.ticket, 'review', COALESCE(w.state, 'pending'), w.points, COALESCE(w.state NOT IN ('absent', 'pending'), 0)
    FROM roster r LEFT JOIN reviews w USING (ticket))
SELECT * FROM evidence;

-- Fails whatever is scored.
CREATE TEMP TABLE vetoes AS WITH vetoes(ticket, part) AS (
    SELECT ticket, 'practical' FROM practical WHERE vetoed UNION SELECT ticket, 'review' FROM reviews WHERE vetoed)
SELECT * FROM vetoes;

CREATE TEMP TABLE ruled AS WITH ruled(ticket, part, void, absent, deducted, carried, carried_points, retaken, others_retaken) AS (
    SELECT g.ticket, p.part,
           MAX(kind = 'void' AND g.part = p.part), MAX(kind = 'absent' AND g.part = p.part),
           SUM(CASE WHEN kind = 'deduction' AND g.part = p.part THEN points END),
           MAX(kind = 'carried-over' AND g.part = p.part), MAX(CASE WHEN kind = 'carried-over' AND g.part = p.part THEN points END),
           MAX(kind = 'retake' AND g.part = p.part), MAX(kind = 'retake' AND g.part <> p.part)
    FROM (SELECT ticket, kind, COALESCE(part, '') AS part, points FROM rulings) g,
         (SELECT DISTINCT part FROM evidence) p
    GROUP BY g.ticket, p.part)
SELECT * FROM ruled;

CREATE TEMP TABLE decided AS WITH decided(ticket, level, part, line, state, points) AS (
    SELECT e.ticket, r.level, e.part, l.line,
           CASE WHEN w.ticket IS NOT NULL THEN CASE WHEN COALESCE(u.carried, 0) THEN 'pending' ELSE 'void' END
                WHEN COALESCE(u.carried, 0)
                    THEN CASE WHEN e.sat OR u.void OR u.absent OR u.deducted IS NOT NULL OR u.retaken
                                   OR COALESCE(u.carried_points < l.line, 0) THEN 'pending' ELSE 'carried' END
                WHEN COALESCE(u.others_retaken, 0) AND NOT u.retaken THEN 'pending'
                WHEN COALESCE(u.void, 0) OR (e.part = 'theory' AND v.ticket IS NOT NULL) THEN 'void'
                WHEN COALESCE(u.absent, 0)
                    THEN CASE WHEN e.sat OR u.deducted IS NOT NULL THEN 'pending' ELSE 'absent' END
                WHEN u.deducted IS NOT NULL AND e.state IN ('absent', 'void') THEN 'pending'
                ELSE e.state END,
           CASE WHEN COALESCE(u.carried, 0) THEN u.carried_points ELSE MAX(0, e.points - COALESCE(u.deducted, 0)) END
    FROM evidence e JOIN roster r USING (ticket) JOIN lines l ON l.level = r.level AND l.part = e.part
         LEFT JOIN ruled u ON u.ticket = e.ticket AND u.part = e.part
         LEFT JOIN voided_whole w ON w.ticket = e.ticket LEFT JOIN voids v ON v.ticket = e.ticket)
SELECT * FROM decided;

-- Sat, though the level does not have the part.
CREATE TEMP TABLE stray AS WITH stray(ticket, part) AS (
    SELECT e.ticket, e.part FROM evidence e JOIN roster r USING (ticket)
    WHERE e.sat AND NOT EXISTS (SELECT 1 FROM lines l WHERE l.level = r.level AND l.part = e.part))
SELECT * FROM stray;

CREATE TEMP TABLE judged AS WITH judged(ticket, level, verdict, least, total) AS (
    SELECT d.ticket, d.level,
           CASE WHEN MAX(state = 'pending') OR d.ticket IN (SELECT ticket FROM stray) THEN 'pending'
                WHEN MIN(state = 'carried' OR (state = 'scored' AND points >= line)) AND MAX(x.ticket IS NOT NULL) = 0 THEN 'passed'
                ELSE 'failed' END,
           MIN(CASE WHEN state IN ('scored', 'carried') AND points IS NOT NULL THEN points ELSE line END),
           -- Percent of hundredths of a point; NULL where a score that goes into it is not known.
           CASE WHEN COUNT(w.percent) > 0 AND COUNT(w.percent) = (SELECT COUNT(*) FROM weights x WHERE x.level = d.level)
                     AND COUNT(w.percent) = SUM(w.percent IS NOT NULL AND state IN ('scored', 'carried') AND points IS NOT NULL)
                THEN SUM(w.percent * points) END
    FROM decided d LEFT JOIN weights w ON w.level = d.level AND w.part = d.part
         LEFT JOIN vetoes x ON x.ticket = d.ticket AND x.part = d.part
    GROUP BY d.ticket, d.level)
SELECT * FROM judged;

-- Printed after it was compared: n is what is rounded, to multiples of d.
CREATE TEMP TABLE to_round AS WITH to_round(ticket, part, exact, n, d, rule, step) AS (
    SELECT s.ticket, s.part, s.points, s.points, r.step, r.rule, r.step
    FROM decided s JOIN roundings r USING (level) WHERE s.state = 'scored'
    UNION ALL
    SELECT j.ticket, 'total', NULL, j.total, 100 * COALESCE(r.step, 1), COALESCE(r.rule, 'half-up'), COALESCE(r.step, 1)
    FROM judged j LEFT JOIN roundings r USING (level) WHERE j.total IS NOT NULL)
SELECT * FROM to_round;

CREATE TEMP TABLE rounded AS WITH rounded(ticket, part, exact, points) AS (
    SELECT ticket, part, exact,
           MIN(10000, step * (n / d + CASE rule
               WHEN 'up' THEN n % d > 0
               WHEN 'half-up' THEN 2 * (n % d) >= d
               WHEN 'half-even' THEN 2 * (n % d) > d OR (2 * (n % d) = d AND (n / d) % 2 = 1)
               ELSE 0 END))
    FROM to_round)
SELECT * FROM rounded;

CREATE TEMP TABLE shown AS WITH shown(ticket, part, state, points) AS (
    SELECT d.ticket, d.part, d.state,
           CASE d.state WHEN 'carried' THEN d.points
                WHEN 'scored' THEN CASE WHEN (r.points >= d.line) = (d.points >= d.line) THEN r.points ELSE d.points END END
    FROM decided d LEFT JOIN rounded r ON r.ticket = d.ticket AND r.part = d.part
    UNION ALL
    SELECT ticket, part, 'pending', NULL FROM stray
    UNION ALL
    SELECT ticket, p.part, 'not-examined', NULL
    FROM roster r, (SELECT 'theory' AS part UNION SELECT 'practical') p
    WHERE NOT EXISTS (SELECT 1 FROM lines l WHERE l.level = r.level AND l.part = p.part)
      AND NOT EXISTS (SELECT 1 FROM stray s WHERE s.ticket = r.ticket AND s.part = p.part))
SELECT * FROM shown;

-- What is compared.
SELECT j.ticket, t.state, t.points, p.state, p.points, v.state, v.points, j.verdict,
       CASE j.verdict WHEN 'pending' THEN '' WHEN 'failed' THEN fail_grade
            ELSE COALESCE((SELECT name FROM grades g WHERE g.level = j.level AND g.least <= j.least
                           ORDER BY g.least DESC LIMIT 1), '?') END,
       o.points
FROM judged j JOIN rules
     LEFT JOIN shown t ON t.ticket = j.ticket AND t.part = 'theory'
     LEFT JOIN shown p ON p.ticket = j.ticket AND p.part = 'practical'
     LEFT JOIN shown v ON v.ticket = j.ticket AND v.part = 'review'
     LEFT JOIN rounded o ON o.ticket = j.ticket AND o.part = 'total'
ORDER BY j.ticket
