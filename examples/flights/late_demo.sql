-- Flights the trees think late although they left in time: predict in SELECT and in WHERE over a 4-way join.
WITH t AS (
  SELECT f.month, f.day, f.hour, f.dep_delay, f.distance,
         w.temp, w.wind_speed, w.visib, w.precip, w.pressure,
         p.year AS plane_year, p.seats, p.engines,
         a.carrier, f.origin, f.dest,
         a.name AS airline, f.flight, f.arr_delay
  FROM flights f
  JOIN weather w ON w.origin = f.origin AND w.time_hour = f.time_hour
  JOIN planes p ON p.tailnum = f.tailnum
  JOIN airlines a ON a.carrier = f.carrier
)
SELECT t.month, t.day, t.airline, t.flight, t.origin, t.dest, t.dep_delay, t.arr_delay,
       (predict(late_gbdt, t.*)).probabilities[2] AS trees,
       (predict(late_logistic, t.*)).output_probability[1] AS logistic,
       (predict(late_mlp, t.*)).probabilities[2] AS network
FROM t
WHERE t.dep_delay <= 0 AND (predict(late_gbdt, t.*)).label = 1
ORDER BY trees DESC
LIMIT 15
