-- Counts by hour, so that a trend of events, in all or by a standard property, reads thousands of
-- rows instead of millions. The engine keeps them with every part, so they are never late and never
-- wrong; a query takes them when it groups by what they group by (analytics.insights.sql.hours).
ALTER TABLE events $on_cluster ADD PROJECTION IF NOT EXISTS hours_platform
(
    SELECT name, day, intDiv(toUnixTimestamp64Micro(ts), 3600000000), platform, count()
    GROUP BY name, day, intDiv(toUnixTimestamp64Micro(ts), 3600000000), platform
);

ALTER TABLE events $on_cluster ADD PROJECTION IF NOT EXISTS hours_version
(
    SELECT name, day, intDiv(toUnixTimestamp64Micro(ts), 3600000000), version, count()
    GROUP BY name, day, intDiv(toUnixTimestamp64Micro(ts), 3600000000), version
);

ALTER TABLE events $on_cluster ADD PROJECTION IF NOT EXISTS hours_service
(
    SELECT name, day, intDiv(toUnixTimestamp64Micro(ts), 3600000000), service, count()
    GROUP BY name, day, intDiv(toUnixTimestamp64Micro(ts), 3600000000), service
);

ALTER TABLE events $on_cluster ADD PROJECTION IF NOT EXISTS hours_environment
(
    SELECT name, day, intDiv(toUnixTimestamp64Micro(ts), 3600000000), environment, count()
    GROUP BY name, day, intDiv(toUnixTimestamp64Micro(ts), 3600000000), environment
);

ALTER TABLE events $on_cluster MATERIALIZE PROJECTION hours_platform;

ALTER TABLE events $on_cluster MATERIALIZE PROJECTION hours_version;

ALTER TABLE events $on_cluster MATERIALIZE PROJECTION hours_service;

ALTER TABLE events $on_cluster MATERIALIZE PROJECTION hours_environment;
