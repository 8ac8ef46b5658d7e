-- Roles of docker-compose.yml's throwaway server, which is published nowhere.
-- The lab is an ordinary user, as an application should be: it gets none of the reserved slots.
CREATE ROLE lab LOGIN PASSWORD 'lab';
CREATE DATABASE lab OWNER lab;
-- The probe sees all sessions and changes nothing.
CREATE ROLE plimsoll LOGIN PASSWORD 'plimsoll';
GRANT pg_monitor TO plimsoll;
