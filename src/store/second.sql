-- Every candidate's result, once more and by another road: from the rows and texts of the record, with nothing of the program
-- that makes the papers. Points are hundredths. What the words mean is written down at `merge`.
WITH RECURSIVE
exam(value) AS MATERIALIZED (SELECT value FROM imports WHERE kind = 'exam' ORDER BY seq DESC LIMIT 1),
rules(pass_line, fail_grade, violation) AS MATERIALIZED (
    SELECT CAST(round(json_extract(value, '$.rules.pass_line') * 100) AS INTEGER),
           json_extract(value, '$.rules.fail_grade'), json_extract(value, '$.rules.violation')
    FROM exam),
grades(name, least) AS MATERIALIZED (
    SELECT json_extract(g.value, '$.name'), CAST(round(json_extract(g.value, '$.least') * 100) AS INTEGER)
    FROM exam, json_each(exam.value, '$.rules.grades') g),
roster(ticket, level) AS MATERIALIZED (
    SELECT c.key, json_extract(c.value, '$.level')
    FROM (SELECT value FROM imports WHERE kind = 'roster' ORDER BY seq DESC LIMIT 1) r,
         json_each(r.value, '$.candidates') c),
records(room, value) AS MATERIALIZED (
    SELECT name, value FROM imports i WHERE kind = 'rooms'
       AND seq = (SELECT MAX(seq) FROM imports j WHERE j.kind = 'rooms' AND j.name = i.name)),
present(ticket) AS MATERIALIZED (SELECT DISTINCT p.value FROM records, json_each(records.value, '$.present') p),
absent(ticket) AS MATERIALIZED (SELECT DISTINCT a.value FROM records, json_each(records.value, '$.absent') a),
violations(ticket, words) AS MATERIALIZED (
    SELECT ticket, words FROM
        (SELECT v.key AS ticket, v.value AS words, row_number() OVER (PARTITION BY v.key ORDER BY records.room DESC) AS nth
         FROM records, json_each(records.value, '$.violations') v)
    WHERE nth = 1),
voids(ticket, everything) AS MATERIALIZED (
    SELECT ticket, CASE WHEN instr(words, '全部科目') > 0 THEN 1 WHEN instr(words, '该科目') > 0 THEN 0
                        ELSE violation = 'all-void' END
    FROM violations, rules),
/* assessed.sql */,
in_force(grading) AS MATERIALIZED (
    SELECT seq FROM (SELECT seq, row_number() OVER (PARTITION BY paper, form ORDER BY key_revision DESC, seq DESC) AS nth
                     FROM gradings)
    WHERE nth = 1),
theory(ticket, points, answered) AS MATERIALIZED (
    SELECT ticket, CAST(round(json_extract(score, '$.score.points') * 100) AS INTEGER),
           json_extract(score, '$.score.right') + json_extract(score, '$.score.wrong')
               + COALESCE(json_extract(score, '$.score.partial'), 0) + COALESCE(json_extract(score, '$.score.voided'), 0) > 0
    FROM scores WHERE grading IN (SELECT grading FROM in_force)),
parts(ticket, theory, theory_points, practical, practical_points, review, review_points, vetoed) AS MATERIALIZED (
    SELECT r.ticket,
           CASE WHEN v.ticket IS NOT NULL THEN 'void'
                WHEN a.ticket IS NOT NULL AND p.ticket IS NULL
                    THEN CASE WHEN COALESCE(t.answered, 0) OR COALESCE(d.answered, 0) THEN 'pending' ELSE 'absent' END
                WHEN t.ticket IS NOT NULL THEN 'scored'
                ELSE 'pending' END,
           t.points,
           CASE WHEN COALESCE(v.everything, 0) THEN 'void' ELSE COALESCE(o.state, 'pending') END,
           o.points,
           CASE WHEN r.level NOT IN ('二级', '一级') THEN NULL WHEN COALESCE(v.everything, 0) THEN 'void'
                ELSE COALESCE(w.state, 'pending') END,
           w.points, COALESCE(o.vetoed, 0) OR (r.level IN ('二级', '一级') AND COALESCE(w.vetoed, 0))
    FROM roster r LEFT JOIN voids v USING (ticket) LEFT JOIN absent a USING (ticket) LEFT JOIN present p USING (ticket)
         LEFT JOIN theory t USING (ticket) LEFT JOIN practical o USING (ticket)
         LEFT JOIN reviews w USING (ticket)
         LEFT JOIN derived_candidates d USING (ticket)),
judged AS (
    SELECT parts.*,
           CASE WHEN 'pending' IN (theory, practical, COALESCE(review, '')) THEN 'pending'
                WHEN theory = 'scored' AND practical = 'scored' AND COALESCE(review, 'scored') = 'scored'
                     AND theory_points >= pass_line AND practical_points >= pass_line
                     AND (review IS NULL OR review_points >= pass_line) AND NOT vetoed THEN 'passed'
                ELSE 'failed' END AS verdict
    FROM parts, rules)
SELECT ticket, theory, CASE WHEN theory = 'scored' THEN theory_points END,
       practical, CASE WHEN practical = 'scored' THEN practical_points END,
       review, CASE WHEN review = 'scored' THEN review_points END, verdict,
       CASE verdict WHEN 'pending' THEN '' WHEN 'failed' THEN fail_grade
            ELSE COALESCE((SELECT name FROM grades WHERE least <= MIN(theory_points, practical_points,
                                                                CASE WHEN review IS NULL THEN 10000 ELSE review_points END)
                           ORDER BY least DESC LIMIT 1), '?') END
FROM judged, rules ORDER BY ticket
