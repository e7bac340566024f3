-- The columns the three models take, under their names: a flight, its hour's weather at its origin, its plane, its airline.
SELECT f.month, f.day, f.hour, f.dep_delay, f.distance,
       w.temp, w.wind_speed, w.visib, w.precip, w.pressure,
       p.year AS plane_year, p.seats, p.engines,
       a.carrier, f.origin, f.dest
FROM flights f
JOIN weather w ON w.origin = f.origin AND w.time_hour = f.time_hour
JOIN planes p ON p.tailnum = f.tailnum
JOIN airlines a ON a.carrier = f.carrier
