// What scripts/test-dist.sh runs beside the program for Windows, under Wine. It is
//
//   stand-in.exe init|node ...              the program for its start script: writes its arguments to
//                                           calls.txt, and ends with the next of the CODES
//   stand-in.exe console FILE COMMAND       a console: tells FILE whether a click selects text
//                                           before, while and after the COMMAND runs
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static int play(int argc, char **argv) {
	FILE *calls = fopen("calls.txt", "a+");
	for (int i = 1; i < argc; i++)
		fprintf(calls, "[%s]", argv[i]);
	fprintf(calls, "\n");
	rewind(calls);
	int lines = 0;
	for (int c; (c = fgetc(calls)) != EOF;)
		lines += c == '\n';
	fclose(calls);
	char *codes = strdup(getenv("CODES")), *code = strtok(codes, ",");
	while (--lines > 0 && code)
		code = strtok(NULL, ",");
	ExitProcess(code ? (unsigned)atoi(code) : 99);
}

static HANDLE input(void) {
	return CreateFileA("CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, 0, OPEN_EXISTING, 0, 0);
}

static int selects(HANDLE in) {
	DWORD mode;
	return GetConsoleMode(in, &mode) ? (mode & ENABLE_QUICK_EDIT_MODE) != 0 : -1;
}

static int console(const char *file, char *command) {
	HANDLE in = input();
	DWORD mode = 0;
	GetConsoleMode(in, &mode);
	SetConsoleMode(in, mode | ENABLE_EXTENDED_FLAGS | ENABLE_QUICK_EDIT_MODE);
	FILE *f = fopen(file, "w");
	fprintf(f, "before: %d\n", selects(in));
	STARTUPINFOA start = {.cb = sizeof start};
	PROCESS_INFORMATION process;
	if (!CreateProcessA(0, command, 0, 0, TRUE, 0, 0, 0, &start, &process))
		return 1;
	while (selects(in) == 1 && WaitForSingleObject(process.hProcess, 100) == WAIT_TIMEOUT)
		continue;
	fprintf(f, "while: %d\n", selects(in));
	WaitForSingleObject(process.hProcess, INFINITE);
	fprintf(f, "after: %d\n", selects(in));
	return fclose(f);
}

int main(int argc, char **argv) {
	if (argc == 4 && !strcmp(argv[1], "console"))
		return console(argv[2], argv[3]);
	return play(argc, argv);
}
