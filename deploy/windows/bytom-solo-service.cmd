@echo off
rem Runs the node, and starts it again 10 s after an error. Put it beside bytom-solo.exe.
rem Options of 'bytom-solo node' may follow, or stand in config.toml of the home.
rem To have it run from the start of Windows, as a user of its own:
rem
rem   schtasks /create /tn bytom-solo /sc onstart /ru USER /rp * /tr "C:\bytom-solo\bytom-solo-service.cmd"
rem
rem The log goes to the folder 'log' of the home, for eight days. Ctrl-C stops the node.
setlocal
if not defined BYTOM_SOLO set "BYTOM_SOLO=%~dp0bytom-solo.exe"
if not defined BYTOM_SOLO_PAUSE set "BYTOM_SOLO_PAUSE=10"
if not defined TMHOME set "TMHOME=%LOCALAPPDATA%\bytom-solo"
"%BYTOM_SOLO%" init --home "%TMHOME%"
if errorlevel 1 exit /b 1

:run
"%BYTOM_SOLO%" node --home "%TMHOME%" --web.closed --log_file log %*
rem 0 is a clean stop, 2 a wrong option, 130 and -1073741510 Ctrl-C: none gets better by itself.
set "code=%errorlevel%"
if "%code%"=="0" exit /b 0
if "%code%"=="2" exit /b 2
if "%code%"=="130" exit /b 0
if "%code%"=="-1073741510" exit /b 0
echo %date% %time% the node ended with %code%, and is started again in %BYTOM_SOLO_PAUSE% s
set /a pings=BYTOM_SOLO_PAUSE+1
ping -n %pings% 127.0.0.1 >nul
goto run
